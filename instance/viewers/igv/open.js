/**
 * Opens an annotation over its own contigs: finds the FASTA file it belongs to, then starts Galaxy's IGV with it.
 *
 * IGV takes its genome from a list on another host or from the side panel. Neither helps for contigs that were
 * assembled an hour ago. Galaxy knows them: they are an input of the job that made the annotation. For a file that was
 * uploaded, the FASTA file of its history whose first sequence it names is taken.
 */

const GENOMES = ["fasta", "twobit"];
const SAMPLE = 20000; // characters looked at to tell whether two files belong together

const element = document.getElementById("app");
const incoming = JSON.parse(element.dataset.incoming || "{}");

async function ask(path) {
    const reply = await fetch(`${incoming.root}api/${path}`, { credentials: "include" });
    if (!reply.ok) {
        throw new Error(`${path}: ${reply.status}`);
    }
    return reply;
}

async function dataset(id) {
    return (await ask(`datasets/${id}`)).json();
}

async function beginning(id) {
    const reply = await ask(`datasets/${id}/display`);
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (text.length < SAMPLE) {
        const { done, value } = await reader.read();
        if (done) {
            break;
        }
        text += value;
    }
    reader.cancel();
    return text;
}

/** The genome among the inputs of the job that made a dataset. */
async function genomeOfJob(opened) {
    if (!opened.creating_job) {
        return null;
    }
    const job = await (await ask(`jobs/${opened.creating_job}`)).json();
    for (const input of Object.values(job.inputs)) {
        if (input.src === "hda") {
            const found = await dataset(input.id);
            if (GENOMES.includes(found.extension)) {
                return found;
            }
        }
    }
    return null;
}

/** The newest genome of the same history whose first sequence the opened file names. */
async function genomeOfHistory(opened) {
    const query = "q=extension-eq&qv=fasta&q=deleted-eq&qv=False&order=hid-dsc&limit=50";
    const path = `histories/${opened.history_id}/contents?v=dev&${query}`;
    const candidates = await (await ask(path)).json();
    const text = await beginning(opened.id);
    const named = new Set(text.split("\n").map((line) => line.split("\t")[0].replace("##sequence-region ", "").split(" ")[0]));
    for (const candidate of candidates) {
        const first = (await beginning(candidate.id)).match(/^>(\S+)/);
        if (first && named.has(first[1])) {
            return candidate;
        }
    }
    return null;
}

async function choose() {
    const config = incoming.visualization_config || {};
    if (!config.dataset_id || config.settings?.source?.genome) {
        return; // chosen before, and saved
    }
    const opened = await dataset(config.dataset_id);
    const itself = GENOMES.includes(opened.extension);
    let genome = itself ? opened : null;
    for (const find of [genomeOfJob, genomeOfHistory]) {
        genome = genome || (await find(opened).catch(() => null));
    }
    if (!genome) {
        return;
    }
    const { id, name, extension } = genome;
    // The first contig as a whole; a bare name would be looked up on another host.
    const region = itself ? null : (await beginning(opened.id)).match(/^##sequence-region (\S+) (\d+) (\d+)/m);
    config.settings = {
        ...config.settings,
        locus: config.settings?.locus || (region ? `${region[1]}:${region[2]}-${region[3]}` : "all"),
        source: { origin: "history", genome: { id, name, extension } },
    };
    if (!itself && !config.tracks?.length) {
        config.tracks = [{ urlDataset: { id: opened.id, name: opened.name }, displayMode: "EXPANDED", type: "auto" }];
    }
    incoming.visualization_config = config;
    element.dataset.incoming = JSON.stringify(incoming);
}

await choose().catch((error) => console.warn("[igv] no genome found:", error.message));
await import("./index.js");
