"""The seven classes of enzymes, the first level of EC numbers: names, and what they do in a few words."""

from __future__ import annotations

#: Nomenclature Committee of the IUBMB; class 7 since 2018.
EC_CLASSES: dict[int, tuple[str, str]] = {
    1: ("Oxidoreductases", "move electrons: dehydrogenases, oxidases, reductases"),
    2: ("Transferases", "move chemical groups: kinases, methyl- and aminotransferases"),
    3: ("Hydrolases", "cut with water: proteases, glycosidases, phosphatases"),
    4: ("Lyases", "cut or join without water: decarboxylases, aldolases"),
    5: ("Isomerases", "rearrange within a molecule: racemases, mutases"),
    6: ("Ligases", "join using ATP: synthetases, carboxylases"),
    7: ("Translocases", "move ions or molecules through membranes: ATP synthase, transporters"),
}
