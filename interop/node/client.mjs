/**
 * The SMART client for JavaScript (fhirclient) as a small app: launches, reads the patient and the conditions, and prints
 * nothing secret. Takes one JSON argument: {port, clientId, redirectUri, secret?, privateJwk?}.
 */
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createPublicKey } from "node:crypto";

const require = createRequire(import.meta.url);
const smart = require("fhirclient");
const order = JSON.parse(process.argv[2]);
const values = new Map();
const storage = {
  get: async (key) => values.get(key),
  set: async (key, value) => values.set(key, value),
  unset: async (key) => values.delete(key),
};

function publicJwk(jwk) {
  const publicPart = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "jwk" });
  return { ...publicPart, kid: jwk.kid, alg: jwk.alg, use: "sig" };
}

async function launch(request, response) {
  await smart(request, response, storage).authorize({
    clientId: order.clientId,
    clientSecret: order.secret,
    clientPrivateJwk: order.privateJwk,
    redirectUri: order.redirectUri,
    scope: "launch openid fhirUser patient/Patient.rs patient/Condition.rs",
    pkceMode: "required",
  });
}

async function callback(request, response) {
  const client = await smart(request, response, storage).ready();
  const patient = await client.patient.read();
  const conditions = await client.request(`Condition?patient=${patient.id}`, { pageLimit: 0, flat: true });
  answer(response, 200, { patient: patient.id, conditions: conditions.length });
}

function answer(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}

const server = createServer((request, response) => {
  const path = new URL(request.url, order.redirectUri).pathname;
  if (path === "/ready") {
    answer(response, 200, {});
  } else if (path === "/.well-known/jwks.json") {
    answer(response, 200, { keys: order.privateJwk ? [publicJwk(order.privateJwk)] : [] });
  } else {
    (path === "/launch" ? launch : callback)(request, response).catch((problem) => {
      answer(response, 500, { problem: String(problem && problem.message) });
    });
  }
});
server.listen(order.port, "127.0.0.1");
