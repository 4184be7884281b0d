"""The structs of tsnn.h as ctypes sees them in a library of this machine."""

from __future__ import annotations

import ctypes


class Input(ctypes.Structure):
    """`tsnn_input_t`."""

    _fields_ = (
        ("index", ctypes.c_void_p),
        ("value", ctypes.c_void_p),
        ("count", ctypes.c_uint32),
    )


class Output(ctypes.Structure):
    """`tsnn_output_t`."""

    _fields_ = Input._fields_


_INIT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_STEP = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Input), ctypes.POINTER(Output)
)


_NUMBER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int32)


class Learn(ctypes.Structure):
    """`tsnn_learn_t`."""

    _fields_ = (
        ("offset", ctypes.c_uint32),
        ("bytes", ctypes.c_uint32),
        ("n_classes_at", ctypes.c_uint32),
        ("init", _INIT),
        ("begin", _INIT),
        ("label", _NUMBER),
        ("reward", _NUMBER),
        ("end", _INIT),
        ("add_class", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)),
        ("check", _INIT),
    )


class FrontEnd(ctypes.Structure):
    """`tsnn_front_end_t`."""

    _fields_ = (
        ("hop", ctypes.c_uint32),
        ("struct_bytes", ctypes.c_uint32),
        ("init", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
        (
            "push",
            ctypes.CFUNCTYPE(
                ctypes.c_bool, *[ctypes.c_void_p] * 4, ctypes.POINTER(ctypes.c_uint32)
            ),
        ),
    )


class Model(ctypes.Structure):
    """`tsnn_model_t`."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("digest", ctypes.POINTER(ctypes.c_uint8)),
        ("n_in", ctypes.c_uint16),
        ("n_out", ctypes.c_uint16),
        ("flags", ctypes.c_uint32),
        ("struct_bytes", ctypes.c_uint32),
        ("state_bytes", ctypes.c_uint32),
        ("init", _INIT),
        ("step", _STEP),
        ("learn", ctypes.POINTER(Learn)),
        ("front_end", ctypes.POINTER(FrontEnd)),
        ("decision_at", ctypes.c_uint32),
    )


class Slot(ctypes.Structure):
    """`tsnn_slot_t`."""

    _fields_ = (
        ("model", ctypes.POINTER(Model)),
        ("state", ctypes.c_void_p),
        ("ear", ctypes.c_void_p),
    )
