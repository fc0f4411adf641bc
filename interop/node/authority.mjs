/**
 * An authorization server that nobody here wrote (oidc-provider, a certified OpenID provider) in front of a FHIR server.
 *
 * SMART is added by the library's own settings: the `launch` parameter, the patient beside the token, `fhirUser` in the
 * id_token. What it serves besides: a smart-configuration, the FHIR server behind its tokens, and for the run itself
 * POST /launches (a chart is opened) and GET /tally (what arrived). Takes one JSON argument:
 * {port, fhir, shownBase, redirectUri, clients, patient, practitioner, lifetime}.
 */
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { Provider } from "oidc-provider";

const order = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${order.port}`;
const base = `${issuer}/fhir`;
const launches = new Map(); // launch token -> patient, used once
const patients = new Map(); // grant -> patient
const tally = { code: 0, refresh: 0, revoked: 0, methods: [] };
const lastToken = { access: "", refresh: "" };

function* patientScopes() {
  const types = (
    "AllergyIntolerance CarePlan CareTeam Condition Coverage DiagnosticReport DocumentReference Encounter " +
    "FamilyMemberHistory Flag Goal ImagingStudy Immunization Location Medication MedicationAdministration " +
    "MedicationDispense MedicationRequest MedicationStatement Observation Organization Patient Practitioner " +
    "PractitionerRole Procedure Provenance RelatedPerson ServiceRequest Specimen"
  ).split(" ");
  for (const type of types) {
    for (let set = 1; set < 32; set += 1) {
      yield `patient/${type}.${[..."cruds"].filter((_, place) => set & (1 << place)).join("")}`;
    }
  }
}

/** Every request for authorization is a new grant of its own, tied to the patient whose chart is open. */
async function grantFor(ctx) {
  const { client, session, params, provider } = ctx.oidc;
  if (!session.accountId) return undefined;
  const patient = params.launch ? launches.get(params.launch) : order.patient;
  if (!patient || params.aud !== base) return undefined; // the library then asks, and nobody answers
  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope([...ctx.oidc.requestParamScopes].join(" "));
  patients.set(await grant.save(), patient);
  return grant;
}

const provider = new Provider(issuer, {
  clients: order.clients.map((client) => ({
    redirect_uris: [order.redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    ...client,
  })),
  scopes: ["openid", "online_access", "offline_access", "launch", "launch/patient", ...patientScopes()],
  claims: { openid: ["sub"], fhirUser: ["fhirUser"] },
  conformIdTokenClaims: false, // SMART wants fhirUser in the id_token itself
  extraParams: ["launch", "aud"],
  pkce: { required: () => true },
  enabledJWA: { clientAuthSigningAlgValues: ["RS384", "ES384"] },
  clientAuthMethods: ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
  features: {
    devInteractions: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  findAccount: async (_ctx, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, fhirUser: `${base}/Practitioner/${order.practitioner}` }),
  }),
  loadExistingGrant: grantFor,
  issueRefreshToken: async (_ctx, _client, code) => code.scopes.has("online_access"),
  rotateRefreshToken: true,
  ttl: { AccessToken: order.lifetime, IdToken: 300, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600 },
});

provider.use(async (ctx, next) => {
  await next();
  const route = ctx.oidc?.route;
  if (route === "token" && ctx.status === 200) tokenGiven(ctx);
  if (route === "revocation" && ctx.status === 200) tally.revoked += 1;
});
provider.on("server_error", (_ctx, problem) => console.error(problem));
provider.on("grant.error", (_ctx, problem) => console.error(problem.error, problem.error_detail));

function tokenGiven(ctx) {
  const { grant_type: grantType } = ctx.oidc.params;
  tally[grantType === "refresh_token" ? "refresh" : "code"] += 1;
  tally.methods.push(ctx.oidc.client.tokenEndpointAuthMethod);
  lastToken.access = ctx.body.access_token;
  lastToken.refresh = ctx.body.refresh_token;
  ctx.body = { ...ctx.body, patient: patients.get(ctx.oidc.entities.Grant.jti), need_patient_banner: true };
}

function smartConfiguration() {
  return {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/token/revocation`,
    introspection_endpoint: `${issuer}/token/introspection`,
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "private_key_jwt"],
    grant_types_supported: ["authorization_code"],
    scopes_supported: ["openid", "fhirUser", "launch", "launch/patient", "online_access", "patient/*.cruds"],
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    capabilities: [
      "launch-ehr", "launch-standalone", "client-public", "client-confidential-symmetric",
      "client-confidential-asymmetric", "sso-openid-connect", "context-ehr-patient", "context-standalone-patient",
      "permission-online", "permission-patient", "permission-v2",
    ],
  };
}

const PASSED_ON = ["accept", "cache-control", "content-type", "if-match", "if-none-exist", "prefer"];
const PASSED_BACK = ["content-type", "etag", "last-modified", "location", "content-location"];

/** The FHIR server behind the tokens of the library; its own address is replaced by ours both ways. */
async function guarded(request, response, path) {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  const token = bearer && (await provider.AccessToken.find(bearer));
  if (!token && path !== "/metadata") return answer(response, 401, { issue: "no valid token" });
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const sent = Buffer.concat(chunks).toString().replaceAll(base, order.shownBase);
  const headers = Object.fromEntries(PASSED_ON.filter((name) => name in request.headers).map((name) => [name, request.headers[name]]));
  const found = await fetch(order.fhir + path, { method: request.method, headers, body: sent || undefined });
  const ours = (text) => text.replaceAll(order.shownBase, base);
  for (const name of PASSED_BACK) if (found.headers.has(name)) response.setHeader(name, ours(found.headers.get(name)));
  response.writeHead(found.status).end(ours(await found.text()));
}

async function tallied(response) {
  const live = {
    access: Boolean(await provider.AccessToken.find(lastToken.access)),
    refresh: Boolean(await provider.RefreshToken.find(lastToken.refresh)),
  };
  answer(response, 200, { ...tally, live });
}

function answer(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}

function opened(response, patient) {
  const launch = randomUUID();
  launches.set(launch, patient);
  answer(response, 200, { launch, iss: base });
}

const library = provider.callback();
createServer((request, response) => {
  const { pathname, search, searchParams } = new URL(request.url, issuer);
  if (pathname === "/tally") tallied(response);
  else if (pathname === "/launches") opened(response, searchParams.get("patient"));
  else if (pathname === "/fhir/.well-known/smart-configuration") answer(response, 200, smartConfiguration());
  else if (pathname.startsWith("/fhir")) {
    guarded(request, response, pathname.slice("/fhir".length) + search).catch((problem) => {
      answer(response, 502, { issue: String(problem) });
    });
  } else library(request, response);
}).listen(order.port, "127.0.0.1");
