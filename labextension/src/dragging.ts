import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';
import type { ICodeCell } from '@jupyterlab/nbformat';

/** What notebooks take: a list of cells. */
const CELLS = 'application/vnd.jupyter.cells';
const PLAIN_TEXT = 'text/plain';
/** A hand that trembles does not drag yet. */
const THRESHOLD = 5;

/** What is dragged: the words beside the pointer, and the Python code that is dropped. */
export interface DraggedCode {
  title: string;
  code: string;
}

/** Watch a pointer that went down: once it moves, drag; `onClick` is told if it is let go without. */
export function dragWhenMoved(
  down: { button: number; clientX: number; clientY: number },
  dragged: () => DraggedCode | Promise<DraggedCode>,
  onClick?: () => void
): void {
  if (down.button !== 0) {
    return;
  }
  const stop = (): void => {
    document.removeEventListener('pointermove', move, true);
    document.removeEventListener('pointerup', up, true);
    document.removeEventListener('pointercancel', stop, true);
  };
  const up = (): void => {
    stop();
    onClick?.();
  };
  const move = (event: PointerEvent): void => {
    if (Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) >= THRESHOLD) {
      stop();
      void drag(event, dragged());
    }
  };
  document.addEventListener('pointermove', move, true);
  document.addEventListener('pointerup', up, true);
  document.addEventListener('pointercancel', stop, true);
}

/** A notebook makes a cell of the code where it is dropped, an editor takes it as text. */
async function drag(from: PointerEvent, dragged: DraggedCode | Promise<DraggedCode>): Promise<void> {
  const pointer = { x: from.clientX, y: from.clientY, isDown: true };
  const follow = (event: PointerEvent): void => {
    pointer.x = event.clientX;
    pointer.y = event.clientY;
    pointer.isDown = event.buttons !== 0;
  };
  document.addEventListener('pointermove', follow, true);
  document.addEventListener('pointerup', follow, true);
  const { title, code } = await Promise.resolve(dragged).finally(() => {
    document.removeEventListener('pointermove', follow, true);
    document.removeEventListener('pointerup', follow, true);
  });
  if (!pointer.isDown) {
    return;
  }
  const cell: ICodeCell = { cell_type: 'code', source: code, metadata: {}, outputs: [], execution_count: null };
  const mimeData = new MimeData();
  mimeData.setData(CELLS, [cell]);
  mimeData.setData(PLAIN_TEXT, code);
  const dragImage = document.createElement('div');
  dragImage.className = 'esap-DragImage';
  dragImage.textContent = title;
  const started = new Drag({ mimeData, dragImage, proposedAction: 'copy', supportedActions: 'copy' });
  await started.start(pointer.x, pointer.y);
  started.dispose();
}
