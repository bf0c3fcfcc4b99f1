import type { DataGrid } from '@lumino/datagrid';

interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What a grid paints with, by Lumino's own names. */
interface Painting {
  _buffer: HTMLCanvasElement;
  _drawCells(region: unknown): void;
  _blitContent(source: HTMLCanvasElement, x: number, y: number, width: number, height: number, toX: number, toY: number): void;
}

/**
 * Let a grid copy the cells of a column from its buffer at once.
 *
 * Lumino copies each cell by itself, for which a browser that draws without a graphics card copies all of the buffer:
 * a screen of rows takes it a second. A version of Lumino that paints otherwise is left as it is.
 */
export function copyColumnsAtOnce(grid: DataGrid): void {
  const painting = grid as unknown as Painting;
  if (![painting._drawCells, painting._blitContent].every(method => typeof method === 'function')) {
    return;
  }
  const drawCells = painting._drawCells.bind(grid);
  const blitContent = painting._blitContent.bind(grid);
  let isDrawing = false;
  let drawn: Rectangle | null = null;
  const copy = (): void => {
    if (drawn) {
      const { x, y, width, height } = drawn;
      blitContent(painting._buffer, x, y, width, height, x, y);
    }
    drawn = null;
  };
  painting._drawCells = region => {
    isDrawing = true;
    drawCells(region);
    isDrawing = false;
    copy();
  };
  painting._blitContent = (source, x, y, width, height, toX, toY) => {
    if (!isDrawing || source !== painting._buffer || x !== toX || y !== toY) {
      blitContent(source, x, y, width, height, toX, toY);
    } else if (drawn?.x === x && drawn.width === width && drawn.y + drawn.height === y) {
      drawn.height += height;
    } else {
      copy();
      drawn = { x, y, width, height };
    }
  };
}
