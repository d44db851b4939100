"""Writes operators.txt: what each version of ONNX's operators takes. Run with a current onnx package:

    python3 importer/schemas/generate.py > importer/schemas/operators.txt

A line is a version of an operator, for every one that opsets 13 to 28 speak:

    Name since inputs outputs attributes

inputs and outputs are "least-most:types,types,..."; most is * for any number. The types of a parameter are a mask in
hexadecimal with bit n for the element type n of TensorProto; the last one stands for all further ones. 0 is a parameter
that is no tensor. attributes are "name" or "name=default" for numbers and strings.
"""

from onnx import TensorProto, defs

OLDEST = 13


def mask(schema, parameter):
    constraints = {t.type_param_str: t.allowed_type_strs for t in schema.type_constraints}
    bits = 0
    for t in constraints.get(parameter.type_str, [parameter.type_str]):
        if t.startswith("tensor("):
            name = {"float": "FLOAT", "double": "DOUBLE"}.get(t[7:-1], t[7:-1].upper())
            bits |= 1 << TensorProto.DataType.Value(name)
    return format(bits, "x")


def parameters(schema, least, most, list):
    return f"{least}-{'*' if most > 1 << 20 else most}:" + ",".join(mask(schema, p) for p in list)


def attributes(schema):
    out = []
    for name, a in sorted(schema.attributes.items()):
        d = a.default_value
        if d.type == d.INT:
            name += f"={d.i}"
        elif d.type == d.FLOAT:
            name += f"={d.f:.9g}"
        elif d.type == d.STRING:
            name += f"={d.s.decode()}"
        out.append(name)
    return ",".join(out) or "-"


def main():
    versions = {}
    for s in defs.get_all_schemas_with_history():
        if s.domain == "" and s.since_version <= 28:
            versions.setdefault(s.name, []).append(s)
    for name, list in sorted(versions.items()):
        list.sort(key=lambda s: s.since_version)
        old = [s for s in list if s.since_version <= OLDEST]
        for s in old[-1:] + [s for s in list if s.since_version > OLDEST]:
            if s.deprecated:
                continue
            print(s.name, s.since_version, parameters(s, s.min_input, s.max_input, s.inputs),
                  parameters(s, s.min_output, s.max_output, s.outputs), attributes(s))


main()
