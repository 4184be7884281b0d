/* SPDX-License-Identifier: Apache-2.0 */
/* Rings of past ticks, for sources that are read late: SPEC.md 1.5. */
#ifndef TSNN_PAST_H_INCLUDED
#define TSNN_PAST_H_INCLUDED

#include "tsnn_kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The slot after `at` in a ring of so many slots. */
static inline uint32_t tsnn_next_slot(uint32_t at, uint32_t slots)
{
    return ((at + 1u) == slots) ? 0u : (at + 1u);
}

/** The slot of some ticks before that of slot `at`; ticks < slots. */
static inline uint32_t tsnn_slot_before(uint32_t at, uint32_t ticks, uint32_t slots)
{
    return (at >= ticks) ? (at - ticks) : ((at + slots) - ticks);
}

/** Keep the spikes of a layer; both of shape [n_words]. */
static inline void tsnn_keep_spikes(uint32_t *slot, const uint32_t *spikes, uint32_t n_words)
{
    for (uint32_t w = 0u; w < n_words; w++) {
        slot[w] = spikes[w];
    }
}

/** Keep the numbers of spikes of a layer; both of shape [n]. */
static inline void tsnn_keep_counts(int8_t *slot, const int8_t *counts, uint32_t n)
{
    for (uint32_t j = 0u; j < n; j++) {
        slot[j] = counts[j];
    }
}

/** Keep a tick's input as spikes, laid out as those of a layer (tsnn_spike_bit). */
static inline void tsnn_keep_events(uint32_t *slot, const tsnn_input_t *in, uint32_t n_words)
{
    for (uint32_t w = 0u; w < n_words; w++) {
        slot[w] = 0u;
    }
    for (uint32_t e = 0u; e < in->count; e++) {
        slot[in->index[e] >> 5] |= tsnn_spike_bit(in->index[e]);
    }
}

/** Keep a tick's input with its values; slot of shape [n]. */
static inline void tsnn_keep_values(int8_t *slot, const tsnn_input_t *in, uint32_t n)
{
    for (uint32_t j = 0u; j < n; j++) {
        slot[j] = 0;
    }
    for (uint32_t e = 0u; e < in->count; e++) {
        slot[in->index[e]] = in->value[e];
    }
}

/** Units of a source that are not all read equally late. */
typedef struct {
    const uint16_t *ticks; /**< every delay that occurs; shape [n_delays] */
    const uint32_t *masks; /**< who has it, as words of spikes; shape [n_delays][n_words] */
    uint32_t n_delays;
} tsnn_late_t;

/** Spikes of a source, each unit's of as many ticks ago as it is read late.
 *
 * @param[out] spikes  shape [n_words]
 * @param[in]  past    ring of `slots` ticks, this one in slot `at`; shape [slots][n_words]
 */
static inline void tsnn_read_late(uint32_t *spikes, const uint32_t *past, uint32_t at,
                                  uint32_t slots, uint32_t n_words, const tsnn_late_t *late)
{
    for (uint32_t w = 0u; w < n_words; w++) {
        spikes[w] = 0u;
    }
    const uint32_t *mask = late->masks;
    for (uint32_t d = 0u; d < late->n_delays; d++) {
        const uint32_t *slot = &past[tsnn_slot_before(at, late->ticks[d], slots) * n_words];
        for (uint32_t w = 0u; w < n_words; w++) {
            spikes[w] |= slot[w] & *mask;
            mask++;
        }
    }
}

/** The same for values, with the delay of each unit.
 *
 * @param[out] values  shape [n]
 * @param[in]  past    shape [slots][n]
 * @param[in]  ticks   shape [n]
 */
static inline void tsnn_read_late_values(int8_t *values, const int8_t *past, uint32_t at,
                                         uint32_t slots, uint32_t n, const uint16_t *ticks)
{
    for (uint32_t j = 0u; j < n; j++) {
        values[j] = past[(tsnn_slot_before(at, ticks[j], slots) * n) + j];
    }
}

/** List the rows of values that are not 0, and these.
 *
 * @param[in]  from      shape [n]
 * @param[out] events    rows, the first of them first_row; room for n
 * @param[out] values    room for n
 * @return number of events written
 */
static inline uint32_t tsnn_gather_values(const int8_t *from, uint32_t n, uint32_t first_row,
                                          uint16_t *events, int8_t *values)
{
    uint32_t found = 0u;
    for (uint32_t j = 0u; j < n; j++) {
        if (from[j] != 0) {
            events[found] = (uint16_t)(first_row + j);
            values[found] = from[j];
            found++;
        }
    }
    return found;
}

#ifdef __cplusplus
}
#endif

#endif /* TSNN_PAST_H_INCLUDED */
