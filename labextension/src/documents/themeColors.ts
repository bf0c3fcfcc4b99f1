/** Colours of the theme that is on, for what is drawn on a canvas. */

/** A variable of the theme, as `brand-color1`. */
export function themeColor(name: string): string {
  return getComputedStyle(document.body).getPropertyValue(`--jp-${name}`).trim();
}

/** The font of text of a theme's size, from 0 to 3. */
export function themeFont(size: number, weight = 400): string {
  const css = getComputedStyle(document.body);
  return `${weight} ${css.getPropertyValue(`--jp-ui-font-size${size}`)} ${css.getPropertyValue('--jp-ui-font-family')}`;
}

/** Red, green and blue from 0 to 255 of a colour as CSS writes it. */
export function rgbOf(color: string): [number, number, number] {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!canvas) {
    return [0, 0, 0];
  }
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

/** A colour, see-through. */
export function translucent(color: string, alpha: number): string {
  return `rgba(${rgbOf(color).join(', ')}, ${alpha})`;
}

/** Colours from one to the other, for numbers from 0 to 1. */
export function ramp(from: string, to: string): (fraction: number) => [number, number, number] {
  const [low, high] = [rgbOf(from), rgbOf(to)];
  return fraction => low.map((part, index) => part + ((high[index] ?? 0) - part) * fraction) as [number, number, number];
}
