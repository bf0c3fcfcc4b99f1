/** Colours of the theme that is on, for what is drawn on a canvas. */

/** JupyterLab's own, light and dark, for pages that have no theme of JupyterLab: a widget may be on any. */
const MISSING: Record<string, readonly [string, string]> = {
  'layout-color1': ['#ffffff', '#111111'],
  'layout-color2': ['#eeeeee', '#424242'],
  'border-color2': ['#e0e0e0', '#616161'],
  'border-color3': ['#eeeeee', '#424242'],
  'brand-color1': ['#1976d2', '#2196f3'],
  'ui-font-color0': ['#000000', '#ffffff'],
  'ui-font-color1': ['#212121', '#e0e0e0'],
  'ui-font-color2': ['#616161', '#bdbdbd']
};
const MISSING_FONTS = { ui: 'system-ui, sans-serif', code: 'ui-monospace, monospace' };

/** A variable of the theme, as `brand-color1`. */
export function themeColor(name: string): string {
  const css = getComputedStyle(document.body);
  return css.getPropertyValue(`--jp-${name}`).trim() || (MISSING[name]?.[isBright(css.color) ? 1 : 0] ?? '');
}

/** The font of text of a theme's size, from 0 to 3. */
export function themeFont(size: number, weight = 400, kind: 'ui' | 'code' = 'ui'): string {
  const css = getComputedStyle(document.body);
  const pixels = css.getPropertyValue(`--jp-ui-font-size${size}`).trim() || `${11 + 2 * size}px`;
  return `${weight} ${pixels} ${css.getPropertyValue(`--jp-${kind}-font-family`).trim() || MISSING_FONTS[kind]}`;
}

/** Bright text is on a dark page. */
function isBright(color: string): boolean {
  const [red, green, blue] = rgbOf(color);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140;
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

/** What lines behind data are drawn in: the theme's border, fainter where that is as strong as text, in high contrast. */
export function lineColor(border: string): string {
  const color = themeColor(border);
  const isStrong = rgbOf(color).join() === rgbOf(themeColor('ui-font-color0')).join();
  return isStrong ? translucent(color, 0.3) : color;
}

/** Colours from one to the other, for numbers from 0 to 1. */
export function ramp(from: string, to: string): (fraction: number) => [number, number, number] {
  const [low, high] = [rgbOf(from), rgbOf(to)];
  return fraction => low.map((part, index) => part + ((high[index] ?? 0) - part) * fraction) as [number, number, number];
}
