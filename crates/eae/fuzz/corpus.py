"""Writes the corpus of the tests: for each format, broken files named after their defect, and valid files.

    pip install pillow && python3 crates/eae/fuzz/corpus.py

`tests/suite/hostile.rs` of eae and eae-data reads the files, and the fuzzer starts from them (run.sh).
"""

import gzip
import io
import json
import math
import pathlib
import random
import struct
import zlib

from PIL import Image

CRATES = pathlib.Path(__file__).parents[2]
HUGE = 2**60


def write(folder, **files):
    for name, content in files.items():
        stem, _, end = name.rpartition("_")
        crate = "eae" if folder in ("checkpoint", "network", "safetensors") else "eae-data"
        path = CRATES / crate / "tests/corpus" / folder / f"{stem.replace('_', '-')}.{end}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def packed(content):
    return gzip.compress(content, 9, mtime=0)


# Weights as {name: (type, shape, bytes)}, stored in this order.

def floats(*shape, value=0.1):
    return "F32", list(shape), struct.pack("<f", value) * math.prod(shape)


def count(n):
    return "I64", [], struct.pack("<q", n)


def safetensors(tensors, metadata, change=lambda header: None):
    header, data = {"__metadata__": {key: text if isinstance(text, str) else json.dumps(text) for key, text in metadata.items()}}, b""
    for name, (kind, shape, content) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


MODEL = {
    "encoder.1.weight": floats(3, 4), "encoder.1.bias": floats(3), "encoder.3.weight": floats(2, 3), "encoder.3.bias": floats(2),
    "encoder.4.running_mean": floats(2), "encoder.4.running_var": floats(2, value=1.0), "encoder.4.num_batches_tracked": count(3),
    "decoder.0.weight": floats(4, 2), "decoder.0.bias": floats(4),
}
NETWORK = {"encoder": ["dense 3", "tanh"], "decoder": ["dense 4", "sigmoid"]}
DESCRIPTION = {"model": NETWORK, "image": [2, 2, 1], "latent": 2, "ending": "normalized"}


def model(tensors={}, description={}, change=lambda header: None, without=()):
    kept = {name: tensor for name, tensor in {**MODEL, **tensors}.items() if name not in without}
    return safetensors(kept, {"eae": {**DESCRIPTION, **description}}, change)


def at(name, key, value):
    return lambda header: header[name].update({key: value})


whole = model()
columns = {"image": [1, 4, 1], "columns": {"mean": [0, 1, 2, 3], "scale": [1, 1, 0, 2]},
           "model": {"encoder": ["dense 3", "tanh"], "decoder": ["dense 4"]}}
write(
    "safetensors",
    valid_model_safetensors=whole,
    valid_columns_safetensors=model(description=columns),
    empty_safetensors=b"",
    truncated_header_safetensors=whole[:60],
    truncated_data_safetensors=whole[:-7],
    header_claims_2_to_the_60_safetensors=struct.pack("<Q", HUGE) + whole[8:],
    header_no_json_safetensors=struct.pack("<Q", 40) + b"{" * 40,
    header_nested_deep_safetensors=struct.pack("<Q", 2000) + b'{"a":' + b"[" * 1995,
    shape_claims_2_to_the_60_safetensors=model(change=at("encoder.1.bias", "shape", [HUGE])),
    shape_product_overflows_safetensors=model(change=at("encoder.1.bias", "shape", [2**32, 2**32, 3])),
    negative_dimension_safetensors=model(change=at("encoder.1.bias", "shape", [-3])),
    offsets_overlap_safetensors=model(change=at("encoder.1.bias", "data_offsets", [40, 52])),
    offsets_backwards_safetensors=model(change=at("encoder.1.bias", "data_offsets", [60, 48])),
    unknown_type_safetensors=model(change=at("encoder.1.bias", "dtype", "F31")),
    metadata_no_text_safetensors=model(change=lambda header: header.update(__metadata__={"eae": 3})),
    description_missing_safetensors=safetensors(MODEL, {}),
    description_no_json_safetensors=safetensors(MODEL, {"eae": "{"}),
    description_of_a_huge_network_safetensors=model(description={"model": {"encoder": ["dense 16000000"], "decoder": ["dense 4"]}}),
    latent_2_to_the_60_safetensors=model(description={"latent": HUGE}),
    image_2_to_the_60_safetensors=model(description={"image": [HUGE, HUGE, HUGE]}),
    scale_negative_safetensors=model(description={**columns, "columns": {"mean": [0] * 4, "scale": [1, 1, 1, -1]}}),
    columns_of_other_images_safetensors=model(description={**columns, "image": [2, 2, 1]}),
    nan_weight_safetensors=model({"encoder.1.bias": floats(3, value=math.nan)}),
    negative_variance_safetensors=model({"encoder.4.running_var": floats(2, value=-1.0)}),
    tensor_missing_safetensors=model(without=["decoder.0.bias"]),
    tensor_of_another_shape_safetensors=model({"decoder.0.bias": floats(5)}),
)

# Checkpoints.

OBJECTIVE = {"kind": "eae", "lambda": 1.0, "k": 1, "mean": False, "marginal": False, "decoded": 0, "bank": 6, "radius": 3.0,
             "draws": 20.0, "floor": 1e-6}
CONFIG = {"epochs": 9, "batch_size": 5, "learning_rate": 0.004, "warm_up": 1.0, "seed": 0, "objective": OBJECTIVE}
PROGRESS = {"images": 27, "steps": 7, "mse": 0.1, "entropy": 0.5, "penalty": 6.0}
TRAINED = ["encoder.1.weight", "encoder.1.bias", "encoder.3.weight", "encoder.3.bias", "decoder.0.weight", "decoder.0.bias"]


def rows(n, d):
    return "F32", [n, d], b"".join(struct.pack("<f", math.sin(7 * i + 1)) for i in range(n * d))


def checkpoint(tensors={}, config={}, objective={}, progress={}, description={}, **more):
    kept = {**MODEL}
    for place, name in enumerate(TRAINED):
        shape = MODEL[name][1]
        kept |= {f"training.adam.{place}.first": floats(*shape), f"training.adam.{place}.second": floats(*shape),
                 f"training.adam.{place}.steps": count(7)}
    kept |= {"training.codes": rows(6, 2), "training.codes.next": count(5),
             "training.features": rows(6, 3), "training.features.next": count(0), **tensors}
    training = {"config": {**CONFIG, "objective": {**OBJECTIVE, **objective}, **config}, "progress": {**PROGRESS, **progress}}
    return safetensors(kept, {"eae": {**DESCRIPTION, **description}, "training": training, **more})


huge = 2**64 - 1
write(
    "checkpoint",
    valid_training_safetensors=checkpoint(),
    valid_published_safetensors=checkpoint(objective={"bank": 0, "radius": 0.0, "draws": 0.0}),
    valid_marginal_safetensors=checkpoint(objective={"marginal": True, "mean": True, "k": 2, "decoded": 3}),
    valid_finished_safetensors=checkpoint(progress={"steps": 45}),
    valid_steps_beyond_i32_safetensors=checkpoint({"training.adam.0.steps": count(2**62)}),
    of_a_model_alone_safetensors=whole,
    of_another_model_safetensors=checkpoint({"encoder.1.weight": floats(5, 4), "encoder.1.bias": floats(5), "encoder.3.weight": floats(2, 5)}),
    description_no_json_safetensors=checkpoint(training="["),
    description_empty_safetensors=checkpoint(training="{}"),
    batch_of_0_safetensors=checkpoint(config={"batch_size": 0}),
    batch_of_2_to_the_64_safetensors=checkpoint(config={"batch_size": huge}, progress={"images": huge - 1}),
    no_images_safetensors=checkpoint(progress={"images": 0}),
    steps_negative_safetensors=checkpoint(progress={"steps": -1}),
    learning_rate_1e400_safetensors=checkpoint(config={"learning_rate": 10**400}),
    learning_rate_negative_safetensors=checkpoint(config={"learning_rate": -1.0}),
    k_0_safetensors=checkpoint(objective={"k": 0}),
    k_above_the_batch_safetensors=checkpoint(objective={"k": 5}),
    objective_unknown_safetensors=checkpoint(objective={"kind": "gan"}),
    objective_with_another_ending_safetensors=checkpoint(config={"objective": {"kind": "vae", "beta": 1.0}}),
    codes_of_3_numbers_safetensors=checkpoint({"training.codes": rows(6, 3)}),
    codes_without_axes_safetensors=checkpoint({"training.codes": floats()}),
    codes_nan_safetensors=checkpoint({"training.codes": floats(6, 2, value=math.nan)}),
    next_beyond_the_rows_safetensors=checkpoint({"training.codes.next": count(6)}),
    next_negative_safetensors=checkpoint({"training.features.next": count(-1)}),
    moment_of_another_shape_safetensors=checkpoint({"training.adam.3.first": floats(3)}),
    moment_negative_safetensors=checkpoint({"training.adam.3.second": floats(2, value=-1.0)}),
    moment_infinite_safetensors=checkpoint({"training.adam.3.first": floats(2, value=math.inf)}),
)

# NumPy arrays.


def npy(shape, descr="|u1", data=None, fortran="False", version=1, dictionary=None):
    text = dictionary or f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    length = struct.pack("<H" if version == 1 else "<I", len(text) + 1)
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + b"\n" + (data or b"")


bytes_ = bytes(37 * i % 256 for i in range(120))
doubles = struct.pack("<24d", *(math.sin(i) for i in range(24)))
write(
    "npy",
    valid_images_npy=npy("(30, 2, 2)", data=bytes_),
    valid_color_npy=npy("(10, 3, 2, 2)", data=bytes_),
    valid_fortran_npy=npy("(30, 2, 2)", data=bytes_, fortran="True"),
    valid_packed_npy=packed(npy("(30, 2, 2)", data=bytes_)),
    valid_vectors_npy=npy("(8, 3)", "<f8", doubles, version=2),
    valid_big_endian_npy=npy("(12, 2)", ">i4", struct.pack(">24i", *range(24))),
    empty_npy=b"",
    wrong_magic_npy=b"\x93NUMPI" + npy("(30, 2, 2)", data=bytes_)[6:],
    zip_npy=b"PK\3\4" + bytes_,
    version_9_npy=npy("(30, 2, 2)", data=bytes_, version=9),
    truncated_header_npy=npy("(30, 2, 2)")[:30],
    truncated_data_npy=npy("(30, 2, 2)", data=bytes_[:-1]),
    too_much_data_npy=npy("(30, 2, 2)", data=bytes_ + b"\0"),
    header_claims_2_to_the_32_npy=b"\x93NUMPY\2\0\xff\xff\xff\xff{'descr': ",
    claims_2_to_the_60_npy=npy(f"({HUGE}, 1, 1)", data=bytes_),
    vectors_claim_2_to_the_60_npy=npy(f"({HUGE // 8}, 8)", "<f8", doubles),
    shape_product_overflows_npy=npy(f"({2**32}, {2**32}, 3)", data=bytes_),
    shape_product_overflows_to_0_npy=npy(f"({2**32}, {2**32}, 0)"),
    dimension_beyond_64_bits_npy=npy(f"({2**64}, 2, 2)", data=bytes_),
    negative_dimension_npy=npy("(-30, 2, 2)", data=bytes_),
    fortran_5_axes_npy=npy("(5, 3, 2, 2, 2)", data=bytes_, fortran="True"),
    fortran_no_boolean_npy=npy("(30, 2, 2)", data=bytes_, fortran="Maybe"),
    no_axes_npy=npy("()", data=b"\1"),
    one_image_npy=npy("(1, 2, 2)", data=b"\1\2\3\4"),
    two_channels_npy=npy("(15, 2, 2, 2)", data=bytes_),
    no_pixels_npy=npy("(30, 0, 2)"),
    pixel_nan_npy=npy("(6, 2, 2)", "<f8", struct.pack("<d", math.nan) * 24),
    pixel_2_npy=npy("(6, 2, 2)", "<f4", struct.pack("<f", 2.0) * 24),
    vector_infinite_npy=npy("(8, 3)", "<f8", doubles[:-8] + struct.pack("<d", math.inf)),
    vectors_alike_npy=npy("(8, 3)", "<f8", struct.pack("<d", 5.0) * 24),
    vectors_integer_inexact_npy=npy("(3, 1)", "<i8", struct.pack("<3q", 1, 2, 2**53 + 1)),
    objects_npy=npy("(30, 2, 2)", "|O", data=bytes_),
    complex_npy=npy("(6, 2, 2)", "<c8", doubles),
    records_npy=npy(0, dictionary="{'descr': [('a', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (3,), }", data=bytes_),
    brackets_npy=npy(0, dictionary="{'descr': '|u1', 'fortran_order': False, 'shape': " + "(" * 3000 + ")" * 3000 + "}"),
    packed_truncated_npy=packed(npy("(30, 2, 2)", data=bytes_))[:-9],
    packed_checksum_wrong_npy=packed(npy("(30, 2, 2)", data=bytes_))[:-8] + bytes(8),
    gzip_bomb_npy=packed(npy("(30, 2, 2)", data=bytes(8 << 20))),
)

# IDX.


def idx(shape, data=b"", magic=b"\0\0\x08"):
    return magic + bytes([len(shape)]) + b"".join(struct.pack(">I", n) for n in shape) + data


write(
    "idx",
    valid_images_idx=idx([30, 2, 2], bytes_),
    valid_color_idx=idx([10, 3, 2, 2], bytes_),
    valid_packed_idx=packed(idx([30, 2, 2], bytes_)),
    valid_packed_twice_idx=packed(idx([30, 2, 2], bytes_[:50])) + packed(bytes_[50:]),
    empty_idx=b"",
    truncated_magic_idx=b"\0\0\x08",
    truncated_header_idx=idx([30, 2, 2])[:-1],
    truncated_data_idx=idx([30, 2, 2], bytes_[:-1]),
    too_much_data_idx=idx([30, 2, 2], bytes_ + b"\0"),
    wrong_magic_idx=idx([30, 2, 2], bytes_, b"\1\0\x08"),
    floats_idx=idx([6, 2, 2], bytes(96), b"\0\0\x0d"),
    claims_2_to_the_60_idx=idx([2**20, 2**20, 2**20], bytes_),
    shape_product_overflows_idx=idx([2**32 - 1] * 255),
    shape_product_overflows_to_0_idx=idx([2**31] * 200 + [0]),
    no_pixels_of_2_to_the_96_images_idx=idx([2**32 - 1] * 3 + [0]),
    no_axes_idx=idx([], b"\1"),
    labels_idx=idx([120], bytes_),
    no_pixels_idx=idx([30, 0, 2]),
    one_image_idx=idx([1, 2, 2], b"\1\2\3\4"),
    packed_truncated_idx=packed(idx([30, 2, 2], bytes_))[:-9],
    packed_magic_alone_idx=b"\x1f\x8b",
    gzip_bomb_idx=packed(idx([30, 2, 2], bytes(8 << 20))),
)

# Text tables.

numbers = "".join(f"{i},{i * i % 7},{0.5 * i}\n" for i in range(20))
write(
    "table",
    valid_commas_csv="a,b,c\n" + numbers,
    valid_spaces_txt="% made up\n" + numbers.replace(",", "  ") + "\n# the end",
    valid_quoted_csv='"a ""b""","c, d",e\r\n' + numbers.replace("\n", "\r\n"),
    valid_packed_csv=packed(numbers.encode()),
    valid_decimal_commas_csv="1,5;2\n3,5;4\n5,5;6\n",
    valid_index_csv=",a,b\n0,1.5,2\n1,3.5,4\n2,5.5,5\n",
    valid_constant_column_csv="1,5\n2,5\n3,5\n",
    empty_csv="",
    comments_alone_csv="# 1,2\n% 3,4\n",
    header_alone_csv="a,b,c\n",
    two_headers_csv="a,b\nc,d\n1,2\n3,4\n5,6\n",
    ragged_row_csv=numbers + "1,2\n",
    missing_value_csv=numbers + "1,,3\n",
    nan_cell_csv=numbers + "1,nan,3\n",
    infinite_cell_csv=numbers + "1,1e400,3\n",
    word_cell_csv=numbers + "1,two,3\n",
    decimals_mixed_csv="1,5;2\n3.5;4\n5,5;6\n",
    percent_cell_csv="share,x\n50%,1\n40%,2\n10%,4\n",
    comment_in_row_csv=numbers + "1,2,3 # last\n",
    two_rows_csv="1,2\n3,4\n",
    rows_alike_csv="1,2\n" * 5,
    too_far_apart_csv="-1.7e308\n1.7e308\n0\n",
    far_from_the_rest_csv="1\n2\n3\n1e300\n",
    open_quote_csv='a,"b\n1,2\n',
    carriage_returns_csv="1,2\r3,4\r5,6\r",
    nul_csv="1,2\n3,\0\n",
    utf16_csv="1,2\n3,4\n5,6\n".encode("utf-16"),
    latin1_csv="größe,alter\n1,2\n".encode("latin-1"),
    zip_csv=b"PK\3\4" + bytes_,
    packed_truncated_csv=packed(numbers.encode())[:-9],
    gzip_bomb_csv=packed(b"1," * (2 << 20)),
)

# Images.


def chunk(kind, content, crc=None):
    crc = zlib.crc32(kind + content) if crc is None else crc
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def png(width=8, height=6, data=None, color=2, depth=8, crc=None, more=b""):
    lines = b"".join(b"\0" + bytes(range(24)) for _ in range(6)) if data is None else data
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head, crc) + more + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def jpeg(**how):
    out = io.BytesIO()
    Image.frombytes("RGB", (16, 12), bytes(random.Random(1).randbytes(16 * 12 * 3))).save(out, "JPEG", quality=50, **how)
    return out.getvalue()


photo = jpeg()
size = photo.index(b"\xff\xc0") + 5
write(
    "image",
    valid_color_png=png(),
    valid_palette_png=png(data=b"".join(b"\0" + bytes([0, 1] * 4) for _ in range(6)), color=3, more=chunk(b"PLTE", bytes(6))),
    valid_photograph_jpg=photo,
    valid_progressive_jpg=jpeg(progressive=True),
    empty_png=b"",
    text_png="no image",
    wrong_magic_png=b"\x89PNH" + png()[4:],
    truncated_header_png=png()[:20],
    truncated_data_png=png()[:-40],
    claims_2_to_the_60_png=png(2**31 - 1, 2**29, data=b""),
    claims_80_000_x_1_png=png(80_000, 1, data=b""),
    claims_16_000_x_16_000_png=png(16_000, 16_000, data=b""),
    no_pixels_png=png(0, 6),
    negative_width_png=png(2**32 - 8),
    depth_3_png=png(depth=3),
    color_5_png=png(color=5),
    palette_missing_png=png(data=(b"\0" + bytes(8)) * 6, color=3),
    checksum_wrong_png=png(crc=1),
    gif_png=b"GIF89a\1\0\1\0\0\0\0;",
    truncated_header_jpg=photo[:50],
    truncated_data_jpg=photo[:-30],
    end_alone_jpg=b"\xff\xd8\xff\xd9",
    no_tables_jpg=photo[:2] + photo[photo.index(b"\xff\xc0"):],
    claims_65_000_x_65_000_jpg=photo[:size] + struct.pack(">HH", 65_000, 65_000) + photo[size + 4:],
    no_lines_jpg=photo[:size] + struct.pack(">HH", 0, 16) + photo[size + 4:],
    segment_of_length_0_jpg=photo[:4] + b"\0\0" + photo[6:],
)

# Networks.


def network(encoder, decoder=("dense 30",)):
    return f"encoder = {json.dumps(encoder)}\ndecoder = {json.dumps(list(decoder))}\n"


write(
    "network",
    valid_dense_toml=network(["dense 8", "relu"]),
    valid_nothing_toml=network([]),
    valid_convolutions_toml=network(
        ["conv 4 kernel=3x2 stride=2x1 padding=1x0", "batch-norm", "affine", "leaky-relu 0.1", "flatten", "tanh"],
        ["dense 12", "unflatten 2 3 2", "conv-transpose 1 kernel=4x1 stride=2 padding=0", "sigmoid"]),
    valid_large_toml=network(["dense 4000", "dense 4000"]),
    empty_toml="",
    no_toml_toml="encoder = [",
    no_text_toml=b"encoder = [\"\xff\"]",
    nested_deep_toml="encoder = " + "[" * 3000,
    decoder_missing_toml='encoder = ["dense 3"]',
    unknown_key_toml=network([]) + "middle = []",
    layer_unknown_toml=network(["denser 3"]),
    layer_no_text_toml="encoder = [3]\ndecoder = []",
    dense_2_to_the_60_toml=network([f"dense {HUGE}"]),
    dense_negative_toml=network(["dense -3"]),
    kernel_missing_toml=network(["conv 3"]),
    kernel_0_toml=network(["conv 3 kernel=0"]),
    kernel_too_large_toml=network(["conv 3 kernel=7"]),
    stride_0_toml=network(["conv 3 kernel=2 stride=0"]),
    slope_nan_toml=network(["leaky-relu nan"]),
    padding_as_large_as_the_kernel_toml=network(["conv 3 kernel=2 padding=2"]),
    shape_product_overflows_toml=network(["unflatten 16777216 16777216 16777216"]),
    sample_too_large_toml=network(["conv-transpose 9 kernel=16000000"]),
    weights_too_many_toml=network(["dense 16000000", "dense 16000000"]),
    layers_too_many_toml=network(["relu"] * 300),
    affine_alone_toml=network(["affine"]),
    flatten_twice_toml=network(["flatten", "flatten"]),
    no_image_at_the_end_toml=network([], ["dense 29"]),
)
