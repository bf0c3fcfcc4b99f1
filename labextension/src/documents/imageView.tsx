import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { PanelLayout, Widget } from '@lumino/widgets';
import type React from 'react';
import { FitsImage } from '../models/fitsImage';
import { Changing } from '../models/changing';
import { Pointer } from '../models/pointer';
import type { FileContent } from '../api/types';
import { ViewContextProvider, type ViewContext } from '../panels/context';
import { ImageFooter, ImageHeader } from './imageBars';
import { ImageCanvas } from './imageCanvas';

/** What of an image's document is open beside the picture. */
export class ImageView extends Changing {
  private _showsHeader = false;

  constructor(
    readonly image: FitsImage,
    readonly pointer: Pointer,
    readonly canvas: ImageCanvas
  ) {
    super();
  }

  get showsHeader(): boolean {
    return this._showsHeader;
  }

  set showsHeader(wanted: boolean) {
    this._showsHeader = wanted;
    this.emitChanged();
  }
}

/** An image in the main area: a bar of deeds, the picture, and what is under the pointer. */
export class ImageDocument extends Widget {
  readonly image: FitsImage;
  private readonly _pointer: Pointer;
  private readonly _canvas: ImageCanvas;

  constructor(context: ViewContext, path: string, content: FileContent, hdu: number) {
    super();
    this.addClass('esap-ImageDocument');
    this.image = new FitsImage(context.esap.client, path, content, hdu);
    this._pointer = new Pointer(this.image);
    this._canvas = new ImageCanvas(this.image, this._pointer, labelOf(path, context.trans), context.trans);
    const view = new ImageView(this.image, this._pointer, this._canvas);
    const layout = new PanelLayout();
    this.layout = layout;
    const bar = (element: React.JSX.Element): ReactWidget =>
      ReactWidget.create(<ViewContextProvider value={context}>{element}</ViewContextProvider>);
    layout.addWidget(bar(<ImageHeader view={view} />));
    layout.addWidget(this._canvas);
    layout.addWidget(bar(<ImageFooter view={view} />));
    void this.image.open();
  }

  override dispose(): void {
    this._pointer.dispose();
    this.image.dispose();
    super.dispose();
  }

  applyTheme(): void {
    this._canvas.drawSoon();
  }

  protected override onActivateRequest(): void {
    this._canvas.activate();
  }
}

function labelOf(path: string, trans: TranslationBundle): string {
  return trans.__('Image %1', path.split('/').pop() ?? path);
}
