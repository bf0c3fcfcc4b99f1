import type { JupyterFrontEnd } from '@jupyterlab/application';
import { userIcon } from '@jupyterlab/ui-components';
import { CommandIDs } from './commandIds';
import type { ViewContext } from './panels/context';

/** Signing in and out; what that takes is shown in the side bar. */
export function addSignInCommands(app: JupyterFrontEnd, { esap, trans }: ViewContext): void {
  const { commands } = app;
  const { signIn } = esap;

  commands.addCommand(CommandIDs.signIn, {
    label: trans.__('Sign In'),
    caption: trans.__('Sign in at the community’s identity provider, for all services'),
    icon: userIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: async () => {
      await commands.execute(CommandIDs.showPanel, { panel: 'sign-in' });
      await signIn.refresh();
      if (signIn.state?.can_sign_in && !signIn.state.prompt && !signIn.signedIn) {
        await signIn.begin();
      }
    }
  });

  commands.addCommand(CommandIDs.signOut, {
    label: trans.__('Sign Out'),
    caption: trans.__('Forget the sign-in on this machine, and end it at the provider'),
    isEnabled: () => signIn.state?.can_sign_out ?? false,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => signIn.signOut()
  });
  signIn.changed.connect(() => commands.notifyCommandChanged(CommandIDs.signOut));
}
