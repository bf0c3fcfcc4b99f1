// What the benchmarks of the panels measure within the page.

// The first text of a search's rows that a grid draws says when they are seen.
window.esapDrawn = new Map();
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
  if (String(text).startsWith('drawn-') && !window.esapDrawn.has(text)) {
    window.esapDrawn.set(text, performance.timeOrigin + performance.now());
  }
  return fill.call(this, text, ...rest);
};

const ROWS = 1_000_000;
const ROW_HEIGHT = 24;
const frame = () => new Promise(resolve => requestAnimationFrame(resolve));

function gridInFront() {
  const widgets = [...window.jupyterapp.shell.widgets('main')];
  const document = widgets.find(each => each.isVisible && each.content?.rows);
  return document?.content._grid;
}

/** Press Search; says when. */
window.esapSearch = () => {
  const buttons = [...document.querySelectorAll('.esap-SideBar button')];
  buttons.find(each => each.textContent.trim() === 'Search').click();
  return performance.timeOrigin + performance.now();
};

/** Milliseconds from a jump to a place, from 0 to 1, until every visible cell is filled. */
window.esapFilled = async place => {
  const grid = gridInFront();
  const began = performance.now();
  grid.scrollTo(0, Math.round(place * grid.maxScrollY));
  const first = Math.ceil(grid.scrollY / ROW_HEIGHT);
  const count = Math.floor(grid.pageHeight / ROW_HEIGHT) - 1;
  const isFilled = () => {
    for (let row = first; row < first + count; row++) {
      for (let column = 0; column < grid.dataModel.columnCount('body'); column++) {
        if (grid.dataModel.data('body', row, column) === '…') {
          return false;
        }
      }
    }
    return true;
  };
  do {
    await frame();
  } while (!isFilled());
  // What has come is painted in the next frame.
  await frame();
  return performance.now() - began;
};

/** Lumino's own grid over columns in the page's memory, laid over the one in front. */
function gridInMemory(grid) {
  const DataGrid = Object.getPrototypeOf(grid.constructor);
  const DataModel = Object.getPrototypeOf(grid.dataModel.constructor);
  const values = Float64Array.from({ length: ROWS }, (_, row) => row / 7);
  class Columns extends DataModel {
    rowCount(region) {
      return region === 'body' ? ROWS : 2;
    }
    columnCount(region) {
      return region === 'body' ? 4 : 1;
    }
    data(region, row) {
      return region === 'body' ? String(values[row]) : String(row);
    }
  }
  const made = new DataGrid({
    defaultSizes: { rowHeight: ROW_HEIGHT, columnWidth: 120, rowHeaderWidth: 64, columnHeaderHeight: 24 }
  });
  made.style = grid.style;
  made.dataModel = new Columns();
  const { left, top, width, height } = grid.node.getBoundingClientRect();
  const host = document.createElement('div');
  host.style.cssText = `position: fixed; z-index: 10000; left: ${left}px; top: ${top}px`;
  document.body.append(host);
  made.node.style.cssText = `width: ${width}px; height: ${height}px`;
  grid.constructor.attach(made, host);
  return [made, host];
}

/** Scroll for some seconds, four rows a frame; how many frames there were, and how many were left out. */
window.esapScroll = async ([inMemory, seconds]) => {
  const grid = gridInFront();
  const [scrolled, host] = inMemory ? gridInMemory(grid) : [grid, null];
  const times = [];
  scrolled.scrollTo(0, 0);
  await frame();
  const began = performance.now();
  while (performance.now() - began < 1000 * seconds) {
    times.push(await frame());
    scrolled.scrollBy(0, 4 * ROW_HEIGHT);
  }
  scrolled.scrollTo(0, 0);
  if (host) {
    scrolled.dispose();
    host.remove();
  }
  const spans = times.slice(1).map((time, index) => time - times[index]);
  const dropped = spans.reduce((sum, span) => sum + Math.max(Math.round(span / (1000 / 60)) - 1, 0), 0);
  return { dropped, frames: times.length };
};
