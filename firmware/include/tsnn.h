/* SPDX-License-Identifier: Apache-2.0 */
/* tinysnn runtime contract: everything a generated model may rely on. See docs/SPEC.md. */
#ifndef TSNN_H_INCLUDED
#define TSNN_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define TSNN_STATIC_ASSERT(cond, msg) static_assert((cond), msg)
#else
#define TSNN_STATIC_ASSERT(cond, msg) _Static_assert((cond), msg)
#endif

/** Bumped whenever a generated model and this header stop fitting together. */
#define TSNN_ABI_VERSION 2

/* cppcheck-suppress shiftNegativeLHS ; this asserts what the implementation makes of it */
TSNN_STATIC_ASSERT((-1 >> 1) == -1, "tsnn needs an arithmetic right shift");

#if defined(__BYTE_ORDER__) && (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
#error "tsnn needs a little-endian core: state and outputs go out as they lie in memory"
#endif

/** Status codes; negative is failure. Values are wire-stable: append only. */
typedef enum {
    TSNN_OK = 0,           /**< done */
    TSNN_ERR_ARG = -1,     /**< a null pointer, or an input that breaks its documented range */
    TSNN_ERR_ORDER = -2,   /**< called out of order: no example has begun */
    TSNN_ERR_FULL = -3,    /**< no class, or no flash, is left */
    TSNN_ERR_DATA = -4,    /**< damaged: a checksum or a count is wrong */
    TSNN_ERR_FLASH = -5,   /**< flash that cannot be erased or written, or is not there */
    TSNN_ERR_FOREIGN = -6, /**< saved by another model, or by another version of the runtime */
    TSNN_ERR_EMPTY = -7    /**< nothing was saved */
} tsnn_status_t;

/** What enters a network in one tick. */
typedef struct {
    const uint16_t *index; /**< active inputs, strictly ascending, shape [count] */
    const int8_t *value;   /**< their values, shape [count]; NULL if the model takes spikes */
    uint32_t count;        /**< number of events */
} tsnn_input_t;

/** What leaves a network in one tick. */
typedef struct {
    uint16_t *index; /**< spiking outputs, ascending; room for n_out. Unused by readouts */
    int32_t *value;  /**< membranes, shape [n_out]; only models that read out membranes */
    uint32_t count;  /**< number of entries of index that were written */
} tsnn_output_t;

#define TSNN_FLAG_GRADED_INPUT 1u /**< input events carry an int8 value */
#define TSNN_FLAG_VALUE_OUTPUT 2u /**< the output is membranes, not spikes */
#define TSNN_FLAG_DECIDES 4u      /**< the state has a decision (SPEC.md 6) at decision_at */

/** How a generated model learns, as the firmware and the host harness see it. What is learned lies
 *  in the state struct, behind what init clears, and outlives it. */
typedef struct {
    uint32_t offset;                    /**< of what is learned, in the state struct; bytes */
    uint32_t bytes;                     /**< size of what is learned */
    uint32_t n_classes_at;              /**< offset in it of the number of classes known, u32 */
    tsnn_status_t (*init)(void *state); /**< forget: weights as they were packed */
    tsnn_status_t (*begin)(void *state);
    tsnn_status_t (*label)(void *state, uint32_t label);
    tsnn_status_t (*reward)(void *state, int32_t reward);
    tsnn_status_t (*end)(void *state);
    tsnn_status_t (*add_class)(void *state, uint32_t *label);
    tsnn_status_t (*check)(const void *state); /**< whether what is learned can have been */
} tsnn_learn_t;

/** What turns raw samples into the events of a network, tick by tick. */
typedef struct {
    uint32_t hop;          /**< samples of a tick */
    uint32_t struct_bytes; /**< size of its memory */
    void (*init)(void *memory);
    /** Take `hop` samples; false while it has no events to give yet. */
    bool (*push)(void *memory, const int16_t *samples, uint16_t *index, int8_t *value,
                 uint32_t *count);
} tsnn_front_end_t;

/** A generated model, as the firmware and the host harness see it. */
typedef struct {
    const char *name;
    const uint8_t *digest; /**< SHA-256 of the pack, shape [32] */
    uint16_t n_in;
    uint16_t n_out;
    uint32_t flags;        /**< TSNN_FLAG_... */
    uint32_t struct_bytes; /**< of the state struct, work area included, what is learned not */
    uint32_t state_bytes;  /**< leading bytes of it that are state (hashed, compared) */
    tsnn_status_t (*init)(void *state);
    tsnn_status_t (*step)(void *state, const tsnn_input_t *in, tsnn_output_t *out);
    const tsnn_learn_t *learn;         /**< NULL if nothing of it learns */
    const tsnn_front_end_t *front_end; /**< NULL: only events can be given */
    uint32_t decision_at; /**< offset in the state of class (i32, -1: none) and margin (i32) */
} tsnn_model_t;

/** A model and the memory it runs in: one per model linked into an image. */
typedef struct {
    const tsnn_model_t *model;
    void *state; /**< the state struct, 4-byte aligned */
    void *ear;   /**< memory of the front end, likewise; NULL if there is none */
} tsnn_slot_t;

#ifdef __cplusplus
}
#endif

#endif /* TSNN_H_INCLUDED */
