import { LabIcon } from '@jupyterlab/ui-components';

/** A spiral of stars; the class lets themes colour it. */
export const esapIcon = new LabIcon({
  name: 'esap:logo',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <circle cx="12" cy="12" r="2.6"/>
    <path d="M12 5.2c4.3 0 7.6 2.6 7.6 6 0 1.6-.8 3-1.9 4 .4-.8.6-1.6.6-2.5 0-3.3-2.9-5.6-6.5-5.6-2.1 0-3.9.8-5 2.1.8-2.4 2.8-4 5.2-4z"/>
    <path d="M12 18.8c-4.3 0-7.6-2.6-7.6-6 0-1.6.8-3 1.9-4-.4.8-.6 1.6-.6 2.5 0 3.3 2.9 5.6 6.5 5.6 2.1 0 3.9-.8 5-2.1-.8 2.4-2.8 4-5.2 4z"/>
    <circle cx="20" cy="5" r="1.2"/>
    <circle cx="4" cy="19" r="1.2"/>
    <circle cx="5.5" cy="4.5" r=".9"/>
    <circle cx="18.5" cy="19.5" r=".9"/>
  </g>
</svg>`
});

/** Items gathered. */
export const basketIcon = new LabIcon({
  name: 'esap:basket',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M17.2 9 12.8 2.4a1 1 0 0 0-1.6 0L6.8 9H2a1 1 0 0 0-1 1l.1.3 2.5 9.2A2 2 0 0 0 5.500 21h13a2 2 0 0 0 1.900-1.500L22.900 10.300 23 10a1 1 0 0 0-1-1h-4.800zM9 9l3-4.400L15 9H9zm3 8a2 2 0 1 1 0-4 2 2 0 0 1 0 4z"/>
</svg>`
});
