/**
 * Shows an SVG dataset as a picture.
 *
 * Galaxy sends SVG as text, because it may hold scripts. In an <img> a browser runs none and loads nothing else.
 */

const element = document.getElementById("app");
const incoming = JSON.parse(element.dataset.incoming || "{}");
const address = `${incoming.root}api/datasets/${incoming.visualization_config.dataset_id}/display`;
const reply = await fetch(address, { credentials: "include" });
if (reply.ok) {
    const picture = document.createElement("img");
    picture.alt = incoming.visualization_title || "Picture";
    picture.src = URL.createObjectURL(new Blob([await reply.text()], { type: "image/svg+xml" }));
    picture.addEventListener("click", () => picture.classList.toggle("full"));
    element.append(picture);
} else {
    element.textContent = `The file cannot be read (${reply.status}).`;
}
