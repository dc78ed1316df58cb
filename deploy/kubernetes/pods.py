#!/usr/bin/env python3
"""Makes pods for `podman kube play` of what `kubectl kustomize` rendered.

    deploy/kubernetes/pods.py RENDERED FOLDER
    deploy/kubernetes/pods.py --known RENDERED      prints what is of Kubernetes itself

RENDERED is a file; pods and the files of their volumes go below FOLDER. With --known it is an error
if something names a Secret or a ConfigMap that is not there, or an image without a tag. Podman
takes Deployments and Secrets only in part, so this does what a cluster does: a pod with a fixed
address for each replica, names of services as host aliases, and ConfigMaps and Secrets as folders
with the owners and links that a kubelet makes. Probes are left out: `deploy/kubernetes/check` asks
the pages. Ports are, too: Podman 4 would bind them on the machine, once for all replicas.
"""
import base64
import copy
import os
import sys
from pathlib import Path

import yaml

# The addresses are within the network of the check.
PREFIX = os.environ.get("OGIVE_CHECK_PREFIX", "10.213.77")
FIRST = {"postgres": 10, "coordinator": 20, "worker": 30}
PROGRAMS = "/opt/postgres"
# The rendered image is a server from a hub; here it is PostgreSQL's programs in Ogive's image.
POSTGRES = """
initdb --pgdata /data/files --username ogive --pwfile /etc/ogive/database/password \
    --auth-local trust --auth-host scram-sha-256
echo "host all all all scram-sha-256" >>/data/files/pg_hba.conf
for name in ogive undisturbed; do
    echo "CREATE DATABASE $name" | postgres --single -D /data/files postgres
done
exec postgres -D /data/files -h 0.0.0.0 -k /data
"""


def write_volume(folder, files, group, is_secret):
    """A ConfigMap or Secret as a kubelet mounts it: a hidden folder, and links through `..data`."""
    version = folder / "..version"
    version.mkdir(parents=True)
    (folder / "..data").symlink_to("..version")
    for name, content in files.items():
        path = version / name
        path.write_bytes(content)
        path.chmod(0o440 if is_secret else 0o444)
        os.chown(path, 0, group if is_secret else 0)
        (folder / name).symlink_to(f"..data/{name}")


def contents(thing):
    """The files of a ConfigMap or Secret."""
    data = thing.get("data") or {}
    if thing["kind"] == "Secret":
        return {name: base64.b64decode(value) for name, value in data.items()}
    return {name: value.encode() for name, value in data.items()}


def container(spec, component, postgres):
    """A container as podman can run it."""
    spec = {key: value for key, value in spec.items()
            if not key.endswith("Probe") and key not in ("resources", "ports")}
    spec["imagePullPolicy"] = "Never"
    spec["image"] = os.environ["OGIVE_CHECK_IMAGE"]
    if component == "postgres":
        spec["command"] = ["/bin/sh", "-euc", f"export PATH={postgres}:$PATH{POSTGRES}"]
        spec["env"] = []
        for mount in spec["volumeMounts"]:
            if mount["name"] == "data":
                mount["mountPath"] = "/data"
        spec["volumeMounts"].append({"name": "programs", "mountPath": PROGRAMS, "readOnly": True})
    return spec


def below(value, key):
    """All values of a key, however deep they are."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from below(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from below(inner, key)


def show_known(things):
    """Prints the things whose schema is of Kubernetes itself; refuses names of nothing."""
    held = {(thing["kind"], thing["metadata"]["name"]) for thing in things}
    named = {("Secret", name) for name in below(things, "secretName")}
    named |= {("ConfigMap", source["name"]) for source in below(things, "configMap")}
    named |= {("Secret", entry["name"]) for entries in below(things, "secretTargetRef")
              for entry in entries}
    if missing := sorted(named - held):
        sys.exit(f"pods.py: nothing makes {missing}")
    if loose := [image for image in below(things, "image") if ":" not in image]:
        sys.exit(f"pods.py: images without a tag: {loose}")
    known = [thing for thing in things if not thing["apiVersion"].startswith("keda.sh/")]
    yaml.safe_dump_all(known, sys.stdout)


def read(path):
    """The things of a rendered file."""
    return [thing for thing in yaml.safe_load_all(path.read_text(encoding="utf-8")) if thing]


def main():
    """Reads what was rendered, writes volumes and pods."""
    if sys.argv[1] == "--known":
        show_known(read(Path(sys.argv[2])))
        return
    rendered, folder = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    things = read(rendered)
    files = {thing["metadata"]["name"]: thing for thing in things
             if thing["kind"] in ("ConfigMap", "Secret")}
    aliases = [
        {"ip": f"{PREFIX}.{FIRST['postgres']}", "hostnames": ["ogive-postgres"]},
        *({"ip": f"{PREFIX}.{FIRST['coordinator'] + number}",
           "hostnames": [f"ogive-coordinator-{number}.ogive-coordinator"]} for number in (0, 1))]
    binaries = next((folder / "programs").glob("*/*/bin/initdb")).parent
    postgres = f"{PROGRAMS}/{binaries.relative_to(folder / 'programs')}"
    (folder / "pods").mkdir()
    for thing in things:
        if thing["kind"] not in ("Deployment", "StatefulSet"):
            continue
        name, template = thing["metadata"]["name"], thing["spec"]["template"]
        component = template["metadata"]["labels"]["app.kubernetes.io/component"]
        for number in range(thing["spec"]["replicas"]):
            pod = name if component == "postgres" else f"{name}-{number}"
            spec = copy.deepcopy(template["spec"])
            # Of PostgreSQL's image; the one that is used here knows another user.
            user = spec["securityContext"]
            user |= {"runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001}
            for volume in spec["volumes"]:
                source = volume.pop("configMap", None) or volume.pop("secret", None)
                if source is None:
                    continue
                held = source.get("name") or source["secretName"]
                place = folder / "volumes" / pod / volume["name"]
                write_volume(place, contents(files[held]), 10001, files[held]["kind"] == "Secret")
                volume["hostPath"] = {"path": str(place), "type": "Directory"}
            if component == "postgres":
                spec["volumes"].append({"name": "programs", "hostPath": {
                    "path": str(folder / "programs"), "type": "Directory"}})
            for kind in "initContainers", "containers":
                if kind in spec:
                    spec[kind] = [container(entry, component, postgres) for entry in spec[kind]]
            spec |= {"restartPolicy": "Never", "hostAliases": aliases, "hostname": pod}
            spec.pop("topologySpreadConstraints", None)
            text = yaml.safe_dump({"apiVersion": "v1", "kind": "Pod",
                                   "metadata": {"name": pod}, "spec": spec})
            (folder / "pods" / f"{pod}.yaml").write_text(text, encoding="utf-8")
            (folder / "pods" / f"{pod}.ip").write_text(
                f"{PREFIX}.{FIRST[component] + number}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
