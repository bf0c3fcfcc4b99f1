import { geoArea, geoCircle, geoDistance, geoStereographic, type GeoPermissibleObjects, type GeoProjection } from 'd3-geo';
import { geoAitoff, geoHammer, geoMollweide } from 'd3-geo-projection';
import type { Place, Region } from './regions';

export type ProjectionName = 'aitoff' | 'mollweide' | 'hammer' | 'stereographic';

/** From where the sky is looked at. */
export interface SkyCamera {
  projection: ProjectionName;
  center: Place;
  /** Half the height of what is seen, in degrees; 180 is the whole sky. */
  radius: number;
}

export interface Size {
  width: number;
  height: number;
}

const DEGREE = Math.PI / 180;
const SMALLEST = 1e-4;
const MARGIN = 0.92;
/** How far from its middle the stereographic view reaches. */
const HORIZON = 120;

/** Half of the width and height of the whole sky at scale 1. */
const EXTENT: Record<Exclude<ProjectionName, 'stereographic'>, { make: () => GeoProjection; x: number; y: number }> = {
  aitoff: { make: geoAitoff, x: Math.PI, y: Math.PI / 2 },
  mollweide: { make: geoMollweide, x: 2 * Math.SQRT2, y: Math.SQRT2 },
  hammer: { make: geoHammer, x: 2 * Math.SQRT2, y: Math.SQRT2 }
};

/** A projection whose x are pixels to the right and y downwards, right ascension growing to the left. */
export function projectionOf({ projection, center, radius }: SkyCamera, { width, height }: Size): GeoProjection {
  let made: GeoProjection;
  if (projection === 'stereographic') {
    const scale = (Math.min(width, height) / 2) * (1 / Math.tan((Math.min(radius, HORIZON) * DEGREE) / 2));
    made = geoStereographic().scale(scale).clipAngle(HORIZON);
  } else {
    const { make, x, y } = EXTENT[projection];
    made = make().scale(MARGIN * Math.min(width / 2 / x, height / 2 / y) * (180 / radius));
  }
  return made
    .reflectX(true)
    .rotate([-center[0], -center[1]])
    .translate([width / 2, height / 2])
    .precision(0.3);
}

/** Whether the whole sky is on the projection, not only the part around its middle. */
export function showsWholeSky({ projection }: SkyCamera): boolean {
  return projection !== 'stereographic';
}

/** How many degrees a pixel is in the middle. */
export function degreesPerPixel(camera: SkyCamera, size: Size): number {
  const scale = projectionOf(camera, size).scale();
  return 1 / (scale * DEGREE * (camera.projection === 'stereographic' ? 0.5 : 1));
}

/** A circle around all that is seen. */
export function seenCircle(camera: SkyCamera, size: Size): { ra: number; dec: number; radius: number } {
  const half = (Math.hypot(size.width, size.height) / 2) * degreesPerPixel(camera, size);
  const [ra, dec] = camera.center;
  // Away from the middle a pixel is less of the sky, but never more.
  const radius = Math.min(180, half);
  return { ra, dec, radius: radius > 60 ? 180 : radius };
}

/** The camera so many times nearer. */
export function nearer(camera: SkyCamera, factor: number): SkyCamera {
  const widest = showsWholeSky(camera) ? 180 : HORIZON;
  return { ...camera, radius: Math.min(Math.max(camera.radius / factor, SMALLEST), widest) };
}

/** The camera turned, by parts of what is seen to the left (east) and up (north). */
export function turnedBy(camera: SkyCamera, left: number, up: number): SkyCamera {
  const [ra, dec] = camera.center;
  const reach = Math.min(camera.radius, 90);
  const north = Math.min(Math.max(dec + up * reach, -90), 90);
  const east = (left * reach) / Math.max(Math.cos(dec * DEGREE), 0.1);
  return { ...camera, center: [turned(ra + east), north] };
}

/** A camera that sees all these places, and how wide they lie. */
export function cameraAround(places: readonly Place[], projection: ProjectionName): SkyCamera {
  const { center, radius } = circleAround(places);
  return projection === 'stereographic'
    ? { projection, center, radius: Math.min(Math.max(radius * 1.15, 0.01), HORIZON) }
    : { projection, center: [0, 0], radius: 180 };
}

/** A circle around places: their mean, and the distance of the farthest. */
export function circleAround(places: readonly Place[]): { center: Place; radius: number } {
  let [x, y, z] = [0, 0, 0];
  for (const [ra, dec] of places) {
    x += Math.cos(dec * DEGREE) * Math.cos(ra * DEGREE);
    y += Math.cos(dec * DEGREE) * Math.sin(ra * DEGREE);
    z += Math.sin(dec * DEGREE);
  }
  const length = Math.hypot(x, y, z);
  // Places all over the sky have no middle.
  if (length < 1e-6 * Math.max(places.length, 1)) {
    return { center: [0, 0], radius: 180 };
  }
  const center: Place = [turned(Math.atan2(y, x) / DEGREE), Math.atan2(z, Math.hypot(x, y)) / DEGREE];
  const radius = places.reduce((most, place) => Math.max(most, distance(center, place)), 0);
  return { center, radius };
}

/** Degrees between two places. */
export function distance(one: Place, other: Place): number {
  return geoDistance([...one], [...other]) / DEGREE;
}

/** A region as d3 draws it. */
export function shapeOf(region: Region): GeoPermissibleObjects {
  if (region.kind === 'circle') {
    return geoCircle().center([...region.center]).radius(region.radius).precision(3)();
  }
  const ring = region.corners.map(([ra, dec]) => [ra, dec]);
  const closed = [...ring, ...ring.slice(0, 1)];
  const polygon: GeoPermissibleObjects = { type: 'Polygon', coordinates: [closed] };
  // Which side is the inside depends on the sense; a footprint is the smaller one.
  return geoArea(polygon) > 2 * Math.PI ? { type: 'Polygon', coordinates: [closed.reverse()] } : polygon;
}

/** Places that a region reaches to. */
export function edgeOf(region: Region): readonly Place[] {
  if (region.kind === 'polygon') {
    return region.corners;
  }
  const ring = geoCircle().center([...region.center]).radius(region.radius).precision(45)().coordinates[0] ?? [];
  return ring.map(([ra = 0, dec = 0]): Place => [turned(ra), dec]);
}

/** From 0 to 360. */
export function turned(ra: number): number {
  return ((ra % 360) + 360) % 360;
}
