#!/usr/bin/env python3
"""Restores a Spotproof checkpoint from a store in a folder. Written from docs/checkpoint-format.md alone.

usage: read_checkpoint.py STORE JOB CHECKPOINT FOLDER     FOLDER must not exist
Needs Python 3.8 and nothing else; reads the codecs raw and gzip, from Python 3.14 on also zstd.
"""

import base64
import hashlib
import json
import os
import re
import struct
import sys
import zlib

try:
    from compression import zstd
except ImportError:
    zstd = None

TAIL = re.compile(rb',"sha256":"([0-9a-f]{64})"\}\n\Z')


class Damaged(Exception):
    """The bytes are not what they must be."""


def must(condition, what):
    if not condition:
        raise Damaged(what)


def read_manifest(store, job, checkpoint):
    with open(os.path.join(store, "jobs", job, "checkpoints", checkpoint + ".json"), "rb") as file:
        data = file.read()
    tail = TAIL.match(data[-78:])
    must(tail, "the manifest has no digest")
    must(hashlib.sha256(data[:-78]).hexdigest() == tail.group(1).decode(), "the manifest does not match its digest")
    manifest = json.loads(data)
    if manifest["format"] > 2:
        raise SystemExit("written by a newer version")
    attempt, sequence = (int(part) for part in checkpoint.split("-"))
    must((manifest["job"], manifest["attempt"], manifest["sequence"]) == (job, attempt, sequence), "another manifest")
    return manifest


def read_chunk(store, job, reference):
    name, raw_bytes, pack, offset, stored_bytes = reference
    with open(os.path.join(store, "jobs", job, "packs", *pack.split("-")), "rb") as file:
        file.seek(offset)
        record = file.read(48 + stored_bytes)
    must(len(record) == 48 + stored_bytes, "a pack ends too early")
    must(hashlib.sha256(record[:44]).digest()[:4] == record[44:48], "a record's header is damaged")
    raw_there, stored_there, codec = struct.unpack("<III", record[32:44])
    must((record[:32].hex(), raw_there, stored_there) == (name, raw_bytes, stored_bytes), "another chunk")
    raw = record[48:]
    if codec == 1:
        raw = zlib.decompressobj(wbits=31).decompress(raw, raw_bytes + 1)
    elif codec == 2 and zstd is not None:
        raw = zstd.ZstdDecompressor().decompress(raw, raw_bytes + 1)
    elif codec != 0:
        raise SystemExit("codec %d is not known here" % codec)
    must(len(raw) == raw_bytes and hashlib.sha256(raw).hexdigest() == name, "a chunk does not match its hash")
    return raw


def verify_pack(store, job, pack, length):
    """Checks what a restore does not need: header, index and footer."""
    with open(os.path.join(store, "jobs", job, "packs", *pack.split("-")), "rb") as file:
        data = file.read()
    must(len(data) == length, "a pack has another length")
    must(data[:16] == b"SPOTPACK" + struct.pack("<II", 1, 0) and data[-8:] == b"SPOTPEND", "no pack")
    footer = len(data) - 56
    index_offset, count, zero = struct.unpack("<QII", data[footer : footer + 16])
    must(index_offset + 48 * count == footer and zero == 0, "an impossible trailer")
    digest = hashlib.sha256(data[:16] + data[index_offset : footer + 16]).digest()
    must(digest == data[footer + 16 : footer + 48], "a trailer does not match its digest")
    at = 16
    for entry in range(index_offset, footer, 48):
        offset, raw_bytes, stored_bytes, codec = struct.unpack("<IIII", data[entry + 32 : entry + 48])
        must(offset == at, "records do not follow each other")
        expected = data[entry : entry + 32] + struct.pack("<III", raw_bytes, stored_bytes, codec)
        must(data[at : at + 44] == expected, "index and record differ")
        at += 48 + stored_bytes
    must(at == index_offset, "there is something between records and index")


def read_list(store, job, manifest):
    if "lines" in manifest["list"]:
        return manifest["list"]["lines"]
    stream = b"".join(read_chunk(store, job, reference) for reference in manifest["list"]["chunks"])
    must(stream.endswith(b"\n"), "the list breaks off")
    return [json.loads(line) for line in stream[:-1].split(b"\n")]


def bytes_of(entry, member):
    if member in entry:
        return entry[member].encode()
    return base64.b64decode(entry[member + "Bytes"])


def inline_bytes(part):
    data = base64.b64decode(part, validate=True)
    must(data and base64.b64encode(data).decode() == part, "inline bytes are not base64")
    return data


def check_list(entries, format):
    inline = [inline_bytes(part) for entry in entries for part in entry.get("parts", []) if isinstance(part, str)]
    must(format == 2 or not inline, "inline bytes in format 1")
    must(sum(len(data) for data in inline) <= 1048576, "too many inline bytes")
    types = {}
    last = None
    for entry in entries:
        path = bytes_of(entry, "path")
        must(last is None or path > last, "the list is not sorted")
        if path != b"":
            must(b"\0" not in path and not {b"", b".", b".."} & set(path.split(b"/")), "a path leads out")
            must(types.get(path.rpartition(b"/")[0]) == "directory", "a folder is missing")
        if entry["type"] == "hardlink":
            must(types.get(bytes_of(entry, "target")) == "file", "a hard link names no file")
        types[path] = entry["type"]
        last = path
    must(types.get(b"") == "directory", "the folder itself is missing")


def apply_attributes(path, entry):
    if os.geteuid() == 0:
        os.chown(path, entry["uid"], entry["gid"], follow_symlinks=False)
    if entry["type"] != "symlink":
        os.chmod(path, entry["mode"])
    time = int(entry["mtimeNs"])
    os.utime(path, ns=(time, time), follow_symlinks=False)


def write_file(store, job, path, entry):
    with open(path, "xb") as file:
        for part in entry["parts"]:
            if isinstance(part, int):
                file.seek(part, os.SEEK_CUR)
            elif isinstance(part, str):
                file.write(inline_bytes(part))
            else:
                file.write(read_chunk(store, job, part))
        must(file.tell() == entry["size"], "the parts do not add up")
        file.truncate(entry["size"])


def restore(store, job, checkpoint, folder):
    manifest = read_manifest(store, job, checkpoint)
    for pack, length in manifest["packs"].items():
        verify_pack(store, job, pack, length)
    entries = read_list(store, job, manifest)
    check_list(entries, manifest["format"])
    root = os.fsencode(folder)
    os.mkdir(root, 0o700)
    for entry in entries:
        path = root + b"/" + bytes_of(entry, "path")
        if entry["type"] == "directory":
            os.makedirs(path, 0o700, exist_ok=True)
        elif entry["type"] == "symlink":
            os.symlink(bytes_of(entry, "target"), path)
            apply_attributes(path, entry)
        elif entry["type"] == "hardlink":
            os.link(root + b"/" + bytes_of(entry, "target"), path)
        else:
            must(entry["type"] == "file", "an unknown type")
            write_file(store, job, path, entry)
            apply_attributes(path, entry)
    for entry in reversed(entries):
        if entry["type"] == "directory":
            apply_attributes(root + b"/" + bytes_of(entry, "path"), entry)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        raise SystemExit(__doc__)
    restore(*sys.argv[1:])
