// An OpenID Connect provider with everything that a community's has: PKCE, rotating refresh tokens, device codes,
// token exchange (RFC 8693), and groups in each of the three claims. Any password is right.
// What only tests want is below /test: how long tokens live, which grants were used, ending a person's grants.
import { createServer } from 'node:http';
import { errors, Provider } from 'oidc-provider';

const { ISSUER, HUB_URL } = process.env;
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const SERVICE_SCOPES = 'storage.read:/ storage.modify:/ compute.create';

const people = {
  alice: { name: 'Alice Archer', groups: ['/escape', '/escape/lofar', '/operators'] },
  bob: { name: 'Bob Baker', groups: ['/escape', '/escape/ctao'] },
  mallory: { name: 'Mallory Moss', groups: ['/elsewhere'] },
  'Carol@Example.org': { name: 'Carol Cole', groups: ['/escape'] },
  // Happens to have the name of one of the users that `esap probe` makes.
  'esap-probe-001': { name: 'Prosper Robe', groups: ['/escape'] }
};

// `outside`: who is no longer in any group.
const settings = { ttl: 3600, away: false, outside: [] };
const grants = [];

// Any number of made-up people for load tests: user01, user02 ...
const personOf = id => people[id] ?? (/^user\d+$/.test(id) ? { name: `Synthetic ${id}`, groups: ['/escape'] } : undefined);

function claimsOf(id) {
  const { name } = personOf(id);
  const groups = settings.outside.includes(id) ? [] : personOf(id).groups;
  return {
    sub: id,
    preferred_username: id,
    name,
    email: `${id.replace(/@.*/, '').toLowerCase()}@example.org`,
    groups,
    'wlcg.groups': groups,
    eduperson_entitlement: groups.map(group => `urn:example:group:${group.slice(1).replaceAll('/', ':')}#aai.example.org`)
  };
}

const forService = audience => ({
  audience,
  scope: SERVICE_SCOPES,
  accessTokenTTL: settings.ttl,
  accessTokenFormat: 'jwt',
  jwt: { sign: { alg: 'RS256' } }
});

const provider = new Provider(ISSUER, {
  clients: [
    {
      client_id: 'hub',
      client_secret: 'hub-secret',
      grant_types: ['authorization_code', 'refresh_token', EXCHANGE],
      redirect_uris: [`${HUB_URL}/hub/oauth_callback`],
      response_types: ['code']
    },
    {
      client_id: 'esap',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: [DEVICE, 'refresh_token'],
      redirect_uris: [],
      response_types: []
    },
    {
      // oidc-agent shows a secret even where there is none.
      client_id: 'agent',
      client_secret: 'agent-secret',
      grant_types: [DEVICE, 'refresh_token'],
      redirect_uris: [],
      response_types: []
    }
  ],
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username', 'groups'],
    email: ['email'],
    'wlcg.groups': ['wlcg.groups'],
    eduperson_entitlement: ['eduperson_entitlement']
  },
  scopes: ['openid', 'offline_access', ...SERVICE_SCOPES.split(' ')],
  conformIdTokenClaims: false,
  cookies: { keys: ['only for tests'] },
  findAccount: async (_, id) => personOf(id) && { accountId: id, claims: async () => claimsOf(id) },
  issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  pkce: { required: () => true },
  ttl: {
    AccessToken: () => settings.ttl,
    DeviceCode: 600,
    Grant: 86400,
    IdToken: 3600,
    Interaction: 600,
    RefreshToken: 86400,
    Session: 86400
  },
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => forService(resource)
    }
  }
});

provider.registerGrantType(
  EXCHANGE,
  async ctx => {
    const { client, params } = ctx.oidc;
    const own = await provider.AccessToken.find(params.subject_token);
    if (!own || own.isExpired) {
      throw new errors.InvalidGrant('the subject token is not valid');
    }
    if (params.audience.includes('forbidden')) {
      throw new errors.InvalidTarget('no tokens for this audience');
    }
    const target = forService(params.audience);
    const token = new provider.AccessToken({
      accountId: own.accountId,
      client,
      grantId: own.grantId,
      gty: EXCHANGE,
      scope: params.scope
    });
    token.resourceServer = new provider.ResourceServer(params.audience, target);
    ctx.body = {
      access_token: await token.save(),
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: token.expiration,
      scope: token.scope
    };
  },
  ['audience', 'scope', 'subject_token', 'subject_token_type', 'requested_token_type']
);

const note = (ctx, error) =>
  grants.push({
    grant: ctx.oidc.params?.grant_type,
    audience: ctx.oidc.params?.audience ?? '',
    account: ctx.oidc.entities.Account?.accountId ?? '',
    grantId: ctx.oidc.entities.Grant?.jti ?? '',
    error: error?.error ?? ''
  });
provider.on('grant.success', ctx => note(ctx));
provider.on('grant.error', (ctx, error) => note(ctx, error));
provider.on('server_error', (_, error) => console.error(error));

async function test(request, response) {
  let text = '';
  for await (const part of request) {
    text += part;
  }
  const given = text ? JSON.parse(text) : {};
  let answer = {};
  if (request.url === '/test/settings') {
    answer = Object.assign(settings, given);
  } else if (request.url === '/test/grants') {
    answer = request.method === 'DELETE' ? grants.splice(0) : grants;
  } else if (request.url === '/test/end') {
    const ids = new Set(grants.filter(each => each.account === given.account && each.grantId).map(each => each.grantId));
    for (const id of ids) {
      await provider.RefreshToken.revokeByGrantId(id);
      await provider.AccessToken.revokeByGrantId(id);
    }
    answer = { ended: ids.size };
  }
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(answer));
}

const serve = provider.callback();
createServer((request, response) => {
  if (request.url.startsWith('/test/')) {
    void test(request, response);
  } else if (settings.away) {
    response.statusCode = 503;
    response.end('away');
  } else {
    serve(request, response);
  }
}).listen(Number(new URL(ISSUER).port), new URL(ISSUER).hostname);
