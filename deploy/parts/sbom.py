"""The components of one program as CycloneDX, from what cargo says on standard input and the hashes of the lock file.

Arguments: the program, its lock file, seconds since 1970 for the time that stands in the list.
"""

import json
import re
import sys
import uuid
from datetime import datetime, timezone


def hashes(lock):
    """The SHA-256 of every package that was downloaded, by name and version."""
    found = {}
    for block in lock.split("[[package]]")[1:]:
        field = dict(re.findall(r'^(name|version|checksum) = "([^"]+)"$', block, re.M))
        if "checksum" in field:
            found[field["name"], field["version"]] = field["checksum"]
    return found


def reached(nodes, packages, start, kinds):
    """The packages that a package needs, itself among them, by dependencies of some kinds."""
    seen, to_do = set(), [start]
    while to_do:
        package = to_do.pop()
        if package in seen:
            continue
        seen.add(package)
        to_do += needs(nodes, packages, package, kinds)
    return seen


def needs(nodes, packages, package, kinds):
    """What a package needs itself. What makes code at build time is needed by the build, whatever the manifest calls it."""
    found = []
    for dependency in nodes[package]["deps"]:
        makes_code = any("proc-macro" in target["kind"] for target in packages[dependency["pkg"]]["targets"])
        for kind in dependency["dep_kinds"]:
            if ("build" if makes_code and kind["kind"] is None else kind["kind"]) in kinds:
                found.append(dependency["pkg"])
                break
    return found


def licences(package):
    expression = package.get("license")
    if expression:
        # The old way of writing "or".
        return [{"expression": " ".join(expression.replace("/", " OR ").split())}]
    return [{"license": {"name": "in the package's own file " + (package.get("license_file") or "LICENSE")}}]


def main():
    program, lock_file, epoch = sys.argv[1:]
    said = json.load(sys.stdin)
    with open(lock_file, encoding="utf-8") as file:
        lock = file.read()
    sums = hashes(lock)
    packages = {package["id"]: package for package in said["packages"]}
    nodes = {node["id"]: node for node in said["resolve"]["nodes"]}
    root = next(key for key, package in packages.items() if package["name"] == program)
    shipped = reached(nodes, packages, root, {None})
    everything = reached(nodes, packages, root, {None, "build"})

    def reference(key):
        return "pkg:cargo/{name}@{version}".format(**packages[key])

    def component(key):
        package = packages[key]
        entry = {
            "type": "application" if key == root else "library",
            "bom-ref": reference(key),
            "name": package["name"],
            "version": package["version"],
            "scope": "required" if key in shipped else "excluded",
            "licenses": licences(package),
            "purl": reference(key),
        }
        checksum = sums.get((package["name"], package["version"]))
        if checksum:
            entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        return entry

    in_order = sorted(everything, key=reference)
    main_component = component(root)
    del main_component["scope"]
    when = datetime.fromtimestamp(int(epoch), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    listed = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # The same list has the same name.
        "serialNumber": "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, program + when + lock)),
        "version": 1,
        "metadata": {"timestamp": when, "component": main_component},
        "components": [component(key) for key in in_order if key != root],
        "dependencies": [
            {
                "ref": reference(key),
                "dependsOn": sorted({reference(needed) for needed in needs(nodes, packages, key, {None, "build"})}),
            }
            for key in in_order
        ],
    }
    json.dump(listed, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
