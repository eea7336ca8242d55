/**
 * Hands a tree to Phylocanvas with names as people write them.
 *
 * Phylocanvas knows neither quotes nor comments: of 'Vibrio tapetis'[&&NHX:taxid=…] it draws all up to the colon. It is
 * given a plain tree; the file stays as it is.
 */

import { plain } from "./plain.js";

const ask = globalThis.fetch;
globalThis.fetch = async (address, ...rest) => {
    const reply = await ask(address, ...rest);
    const isTree = /\/api\/datasets\/\w+\/display$/.test(String(address?.url ?? address));
    return isTree && reply.ok ? new Response(plain(await reply.text())) : reply;
};
await import("./index.js");
