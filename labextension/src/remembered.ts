import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { JSONValue } from '@lumino/coreutils';
import type { RegisteredService } from './api/types';
import type { Esap } from './models/esap';

/** Keep in the person's settings what they found in the registry, and that they know how to begin. */
export async function remember({ services, discovery }: Esap, registry: ISettingRegistry | null): Promise<void> {
  const settings = await registry?.load('esap-jupyter:panels');
  if (!settings) {
    return;
  }
  let registered: readonly RegisteredService[] = [];
  let help = false;
  const read = (): void => {
    const kept = settings.get('registryServices').composite as unknown as RegisteredService[];
    if (JSON.stringify(kept) !== JSON.stringify(registered)) {
      registered = kept;
      services.restore(kept);
    }
    const shown = settings.get('showHelp').composite !== false;
    if (shown !== help) {
      help = shown;
      discovery.showHelp(shown);
    }
  };
  read();
  settings.changed.connect(read);
  services.changed.connect(() => {
    if (services.registered !== registered) {
      registered = services.registered;
      void settings.set('registryServices', registered as unknown as JSONValue);
    }
  });
  discovery.changed.connect(() => {
    if (discovery.help !== help) {
      help = discovery.help;
      void settings.set('showHelp', help);
    }
  });
}
