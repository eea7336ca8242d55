/** Newick without quotes and comments, as simple readers of trees want it. */

const TOKEN = /\[[^\]]*\]|'(?:[^']|'')*'|[^['(),:;]+|./gs;
const REPLACED = { "(": "[", ")": "]", ",": " ", ":": " ", ";": " " };

/**
 * Comments are dropped, names lose their quotes, underscores outside of quotes become blanks, as Newick has it. Signs
 * of Newick inside a name are replaced, since there is nothing left to protect them.
 */
export function plain(tree) {
    return tree.replace(TOKEN, (token) => {
        if (token.length > 1 && token.startsWith("[")) {
            return "";
        }
        if (token.length > 1 && token.startsWith("'")) {
            return token.slice(1, -1).replaceAll("''", "'").replace(/[(),:;]/g, (sign) => REPLACED[sign]);
        }
        return token.replaceAll("_", " ");
    });
}
