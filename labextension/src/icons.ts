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

/** Points within two axes. */
export const plotIcon = new LabIcon({
  name: 'esap:plot',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M3 3h2v16h16v2H3V3zm6 12a1.8 1.8 0 1 1 0-3.600 1.800 1.800 0 0 1 0 3.600zm4-5a1.800 1.800 0 1 1 0-3.600 1.800 1.800 0 0 1 0 3.600zm6-3a1.800 1.800 0 1 1 0-3.600 1.800 1.800 0 0 1 0 3.600zm-3 8a1.800 1.800 0 1 1 0-3.600 1.800 1.800 0 0 1 0 3.600z"/>
</svg>`
});

/** The sky with some of its circles. */
export const skyIcon = new LabIcon({
  name: 'esap:sky',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M12 4C6 4 1.500 7.600 1.500 12S6 20 12 20s10.500-3.600 10.500-8S18 4 12 4zm-1 2.100v4.900H7.100c.200-2.400 1.900-4.300 3.900-4.900zm2 0c2 .600 3.700 2.500 3.900 4.900H13V6.100zM7.300 7.200C6.100 8.300 5.300 9.600 5.100 11H3.700c.300-1.600 1.700-3 3.600-3.800zm9.400 0c1.900.800 3.300 2.200 3.600 3.800h-1.400c-.200-1.400-1-2.700-2.200-3.800zM3.700 13h1.400c.200 1.400 1 2.700 2.200 3.800-1.900-.800-3.300-2.200-3.600-3.800zm3.400 0H11v4.900c-2-.600-3.700-2.500-3.900-4.900zm5.900 0h3.900c-.200 2.400-1.900 4.300-3.900 4.900V13zm5.900 0h1.400c-.300 1.600-1.700 3-3.600 3.800 1.200-1.100 2-2.400 2.200-3.800z"/>
</svg>`
});

/** Larger. */
export const zoomInIcon = new LabIcon({
  name: 'esap:zoomIn',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M10 3a7 7 0 1 0 4.200 12.600L19.600 21l1.400-1.400-5.400-5.400A7 7 0 0 0 10 3zm0 2a5 5 0 1 1 0 10 5 5 0 0 1 0-10zM9 7v2H7v2h2v2h2v-2h2V9h-2V7H9z"/>
</svg>`
});

/** Smaller. */
export const zoomOutIcon = new LabIcon({
  name: 'esap:zoomOut',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M10 3a7 7 0 1 0 4.200 12.600L19.600 21l1.400-1.400-5.400-5.400A7 7 0 0 0 10 3zm0 2a5 5 0 1 1 0 10 5 5 0 0 1 0-10zM7 9v2h6V9H7z"/>
</svg>`
});

/** All of it. */
export const zoomResetIcon = new LabIcon({
  name: 'esap:zoomReset',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M3 3h7v2H5v5H3V3zm11 0h7v7h-2V5h-5V3zM3 14h2v5h5v2H3v-7zm16 0h2v7h-7v-2h5v-5zM9 9h6v6H9V9z"/>
</svg>`
});

/** A rectangle that selects. */
export const brushIcon = new LabIcon({
  name: 'esap:brush',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M3 3h4v2H5v2H3V3zm6 0h6v2H9V3zm8 0h4v4h-2V5h-2V3zM3 9h2v6H3V9zm16 0h2v4h-2V9zM3 17h2v2h2v2H3v-4zm6 2h3v2H9v-2zm4-6 9 3.500-3.800 1.700L16.500 22 13 13z"/>
</svg>`
});

/** One for the other. */
export const swapIcon = new LabIcon({
  name: 'esap:swap',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M7 4 3 8l4 4V9h9V7H7V4zm10 8v3H8v2h9v3l4-4-4-4z"/>
</svg>`
});

/** Keeps something where it is. */
export const pinIcon = new LabIcon({
  name: 'esap:pin',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M8 2h8v2h-1v6l3 4v2h-5v6h-2v-6H6v-2l3-4V4H8z"/>
</svg>`
});
