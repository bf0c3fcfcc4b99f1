import { codeIcon, infoIcon, refreshIcon } from '@jupyterlab/ui-components';
import { useEffect, useState, type ReactNode } from 'react';
import { codeOfImage } from '../code';
import { CommandIDs } from '../commandIds';
import type { FitsImage } from '../models/fitsImage';
import { PALETTES, type PaletteName } from '../models/palettes';
import { skyInWords, valueInWords, type PlaceSeen } from '../models/pointer';
import { STRETCHES, type StretchName } from '../models/stretch';
import { useChanges, useView } from '../panels/context';
import { ErrorNote, IconButton } from '../panels/parts';
import { HeaderDrawer } from './headerDrawer';
import type { ImageView } from './imageView';

/** How the image is coloured, which part of the file it is, and what can be done with it. */
export function ImageHeader({ view }: { view: ImageView }): ReactNode {
  const { commands, trans } = useView();
  const { image, canvas } = view;
  useChanges(image);
  useChanges(view);
  const stretches: Record<StretchName, string> = {
    linear: trans.__('linear'),
    sqrt: trans.__('square root'),
    log: trans.__('logarithm'),
    asinh: trans.__('asinh')
  };
  const palettes: Record<PaletteName, string> = {
    gray: trans.__('gray'),
    viridis: trans.__('viridis'),
    inferno: trans.__('inferno'),
    cubehelix: trans.__('cubehelix'),
    heat: trans.__('heat'),
    coolwarm: trans.__('cool to warm')
  };
  return (
    <div className="esap-ViewerHeader">
      <div className="esap-ViewerBar" role="toolbar" aria-label={trans.__('Image')}>
        <PartChoice image={image} />
        <Choice
          label={trans.__('Stretch')}
          value={image.stretch}
          options={STRETCHES.map(name => [name, stretches[name]])}
          onChange={stretch => image.setColours({ stretch: stretch as StretchName })}
        />
        <LimitsChoice image={image} />
        <Choice
          label={trans.__('Colours')}
          value={image.palette}
          options={PALETTES.map(name => [name, palettes[name]])}
          onChange={palette => image.setColours({ palette: palette as PaletteName })}
        />
        <TextButton
          label={trans.__('Dark for bright')}
          pressed={image.inverted}
          onClick={() => image.setColours({ inverted: !image.inverted })}
        >
          {trans.__('Invert')}
        </TextButton>
        <span className="esap-grow" />
        <TextButton label={trans.__('Zoom out')} onClick={() => canvas.zoom(1 / 1.4)}>
          −
        </TextButton>
        <TextButton label={trans.__('Zoom in')} onClick={() => canvas.zoom(1.4)}>
          +
        </TextButton>
        <TextButton label={trans.__('Show all of the image')} onClick={() => canvas.showAll()}>
          {trans.__('Fit')}
        </TextButton>
        <TextButton label={trans.__('Show its own pixels')} onClick={() => canvas.showOwnPixels()}>
          1:1
        </TextButton>
        <IconButton
          icon={infoIcon}
          label={trans.__('Header')}
          onClick={() => {
            view.showsHeader = !view.showsHeader;
          }}
        />
        <IconButton
          icon={codeIcon}
          label={trans.__('Insert code that opens this image')}
          onClick={() =>
            void commands.execute(CommandIDs.insertCode, {
              code: codeOfImage(image.content.location, image.hdu, image.plane)
            })
          }
        />
      </div>
      {image.error && <ErrorNote error={image.error} onRetry={() => void image.open()} />}
      {image.description?.problem && (
        <p className="esap-warning">
          {trans.__('The coordinates in the header cannot be used: %1', image.description.problem)}
        </p>
      )}
      {image.description?.limits.length === 0 && (
        <p className="esap-warning">{trans.__('All pixels that were looked at are blank.')}</p>
      )}
    </div>
  );
}

/** Which HDU of the file, and which plane of a cube. */
function PartChoice({ image }: { image: FitsImage }): ReactNode {
  const { trans } = useView();
  const images = image.content.parts.filter(part => part.view === 'image');
  return (
    <>
      {images.length > 1 && (
        <Choice
          label={trans.__('HDU')}
          value={String(image.hdu)}
          options={images.map(part => [
            String(part.number),
            `${part.number} ${part.name || (part.number === 0 ? trans.__('primary') : '')} ${part.shape.join('×')}`
          ])}
          onChange={number => void image.setHdu(Number(number))}
        />
      )}
      {image.description?.axes.map(
        (axis, index) =>
          axis.length > 1 && (
            <label className="esap-Choice" key={axis.name}>
              <span>{trans.__('%1, of %2', axis.name, axis.length)}</span>
              <input
                className="jp-mod-styled"
                type="number"
                min={1}
                max={axis.length}
                value={(image.plane[index] ?? 0) + 1}
                onChange={event => {
                  const plane = Number(event.target.value) - 1;
                  if (plane >= 0 && plane < axis.length && Number.isInteger(plane)) {
                    void image.setPlane(index, plane);
                  }
                }}
              />
            </label>
          )
      )}
    </>
  );
}

/** Which values become black and white. */
function LimitsChoice({ image }: { image: FitsImage }): ReactNode {
  const { trans } = useView();
  const words: Record<string, string> = {
    minmax: trans.__('min to max'),
    zscale: trans.__('zscale'),
    '': trans.__('typed')
  };
  const names = (image.description?.limits ?? []).map(each => each.name);
  return (
    <>
      <Choice
        label={trans.__('Limits')}
        value={image.limitsName}
        options={[...names, ...(image.limitsName ? [] : [''])].map(name => [name, words[name] ?? `${name} %`])}
        onChange={name => image.setLimits(name)}
      />
      <Limit label={trans.__('Black at')} value={image.range.low} onType={low => image.setRange({ ...image.range, low })} />
      <Limit
        label={trans.__('White at')}
        value={image.range.high}
        onType={high => image.setRange({ ...image.range, high })}
      />
    </>
  );
}

function Limit(props: { label: string; value: number; onType: (value: number) => void }): ReactNode {
  const shown = valueInWords(props.value);
  const [typed, setTyped] = useState(shown);
  useEffect(() => setTyped(shown), [shown]);
  const take = (): void => {
    if (typed !== shown && typed.trim() !== '' && Number.isFinite(Number(typed))) {
      props.onType(Number(typed));
    } else {
      setTyped(shown);
    }
  };
  return (
    <input
      className="jp-mod-styled esap-Limit"
      type="text"
      inputMode="decimal"
      aria-label={props.label}
      title={props.label}
      value={typed}
      onChange={event => setTyped(event.target.value)}
      onBlur={take}
      onKeyDown={event => {
        if (event.key === 'Enter') {
          take();
        }
      }}
    />
  );
}

export function Choice(props: {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}): ReactNode {
  return (
    <label className="esap-Choice">
      <span>{props.label}</span>
      <select className="jp-mod-styled" value={props.value} onChange={event => props.onChange(event.target.value)}>
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function TextButton(props: {
  label: string;
  pressed?: boolean;
  onClick: () => void;
  children: ReactNode;
}): ReactNode {
  return (
    <button
      type="button"
      className="jp-Button jp-mod-minimal esap-IconButton esap-TextButton"
      title={props.label}
      aria-label={props.label}
      aria-pressed={props.pressed}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}

/** What is under the pointer. */
export function ImageFooter({ view }: { view: ImageView }): ReactNode {
  const { trans } = useView();
  const { image, pointer } = view;
  useChanges(image);
  useChanges(view);
  useChanges(pointer);
  const { place } = pointer;
  const { description } = image;
  const words = place ? wordsOf(place, image) : null;
  return (
    <div className="esap-ViewerFooter">
      {view.showsHeader && (
        <HeaderDrawer
          read={() => image.header()}
          of={`${image.path} ${image.hdu}`}
          onClose={() => {
            view.showsHeader = false;
          }}
        />
      )}
      <div className="esap-Readout">
        {words && place ? (
          <>
            <span className="esap-Readout-pixel">
              x {place.x.toFixed(2)} y {place.y.toFixed(2)}
            </span>
            <span className="esap-Readout-value">{words.value}</span>
            {words.sky && (
              <>
                <span className="esap-Readout-sky">{words.sky.parts}</span>
                <span className="esap-Readout-degrees">{words.sky.degrees}</span>
                <span className="esap-muted">{description?.frame?.name}</span>
              </>
            )}
            {place.others.map(each => (
              <span key={each.name}>
                {each.name} {valueInWords(each.value)} {each.unit}
              </span>
            ))}
          </>
        ) : (
          <span className="esap-muted">
            {description
              ? [description.title, `${description.width} × ${description.height}`, description.unit]
                  .filter(Boolean)
                  .join(' · ')
              : ''}
          </span>
        )}
        <span className="esap-grow" />
        {image.isLoading && (
          <span className="esap-muted">
            <refreshIcon.react tag="span" className="esap-Icon" /> {trans.__('Reading …')}
          </span>
        )}
      </div>
      <span className="esap-hidden" role="status">
        {words && place?.isExact
          ? [words.sky?.parts ?? '', words.value, trans.__('at %1, %2', place.x.toFixed(0), place.y.toFixed(0))]
              .filter(Boolean)
              .join('; ')
          : ''}
      </span>
    </div>
  );

  function wordsOf(
    { x, y, value, binning, sky }: PlaceSeen,
    { description: of }: FitsImage
  ): { value: string; sky: { parts: string; degrees: string } | null } {
    const size = image.gridAt(x, y)?.orientation(x, y)?.pixelSize ?? 1 / 3600;
    const amount =
      value === null
        ? ''
        : Number.isNaN(value)
          ? trans.__('blank')
          : `${binning > 1 ? '≈ ' : ''}${valueInWords(value)} ${of?.unit ?? ''}`;
    return { value: amount.trim(), sky: sky && of?.frame ? skyInWords(sky, of.frame, size) : null };
  }
}
