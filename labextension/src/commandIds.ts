/** Names of the commands, for whoever runs them; what they do is in `commands.ts`. */
export const CommandIDs = {
  showPanel: 'esap:show-panel',
  openTable: 'esap:open-table',
  plotTable: 'esap:plot-table',
  openSky: 'esap:open-sky',
  newAdql: 'esap:new-adql',
  queryWithTable: 'esap:query-with-table',
  runAdql: 'esap:run-adql',
  insertCode: 'esap:insert-code',
  stageBasket: 'esap:stage-basket',
  openPath: 'esap:open-path',
  openFileAsTable: 'esap:open-file-as-table',
  saveTable: 'esap:save-table',
  upload: 'esap:upload',
  saveQuery: 'esap:save-query',
  renameQuery: 'esap:rename-query',
  deleteQuery: 'esap:delete-query',
  showServer: 'esap:show-server',
  signIn: 'esap:sign-in',
  signOut: 'esap:sign-out',
  showHelp: 'esap:show-help',
  refresh: 'esap:refresh'
} as const;
