/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the models of an image on clips from stdin and writes all their state to stdout.
 *
 * Every buffer is exactly as large as promised and on the heap, for the address sanitizer; state
 * and work area are poisoned before init, the work area before every tick.
 *
 * Job: slot u32, ticks u32, patched u32; the state if patched; ticks x n_in int8.
 * Answer: hash u32 and state after init; per tick n_out x i32, hash u32, state.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tsnn_crc32.h"
#include "tsnn_image.h"

static void need(int holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "driver: %s\n", what);
        exit(3);
    }
}

static void *get(size_t size)
{
    void *memory = malloc(size);
    need((memory != NULL) || (size == 0u), "out of memory");
    return memory;
}

static void take(void *data, size_t size)
{
    need(fread(data, 1u, size, stdin) == size, "input is cut short");
}

static void give(const void *data, size_t size)
{
    need(fwrite(data, 1u, size, stdout) == size, "output is refused");
}

static void step(const tsnn_model_t *model, void *state, const int8_t *row)
{
    int has_values = (model->flags & TSNN_FLAG_VALUE_OUTPUT) != 0u;
    int graded = (model->flags & TSNN_FLAG_GRADED_INPUT) != 0u;
    uint32_t count = 0u;
    for (uint32_t k = 0u; k < model->n_in; k++) {
        count += (row[k] != 0) ? 1u : 0u;
    }
    uint16_t *index = get(count * sizeof *index);
    int8_t *value = graded ? get(count) : NULL;
    uint32_t e = 0u;
    for (uint32_t k = 0u; k < model->n_in; k++) {
        if (row[k] != 0) {
            index[e] = (uint16_t)k;
            if (graded) {
                value[e] = row[k];
            }
            e++;
        }
    }
    uint16_t *spikes = has_values ? NULL : get(model->n_out * sizeof *spikes);
    int32_t *membranes = has_values ? get(model->n_out * sizeof *membranes) : NULL;
    tsnn_input_t in = {index, value, count};
    tsnn_output_t out = {spikes, membranes, 77u};
    need(model->step(state, &in, &out) == TSNN_OK, "step failed");
    if (has_values) {
        need(out.count == 0u, "a readout counts spikes");
        give(membranes, model->n_out * sizeof *membranes);
    } else {
        int32_t *row_out = get(model->n_out * sizeof *row_out);
        memset(row_out, 0, model->n_out * sizeof *row_out);
        need(out.count <= model->n_out, "too many output spikes");
        for (uint32_t s = 0u; s < out.count; s++) {
            need(spikes[s] < model->n_out, "no such output");
            need((s == 0u) || (spikes[s - 1u] < spikes[s]), "output spikes do not ascend");
            row_out[spikes[s]] = 1;
        }
        give(row_out, model->n_out * sizeof *row_out);
        free(row_out);
    }
    free(index);
    free(value);
    free(spikes);
    free(membranes);
}

static uint32_t give_state(const tsnn_model_t *model, const void *state, uint32_t hash)
{
    uint32_t next = tsnn_crc32(hash, state, model->state_bytes);
    give(&next, sizeof next);
    give(state, model->state_bytes);
    return next;
}

int main(void)
{
    uint32_t job[3];
    while (fread(job, sizeof job, 1u, stdin) == 1u) {
        need(job[0] < tsnn_slot_count, "no such slot");
        const tsnn_model_t *model = tsnn_slots[job[0]].model;
        uint8_t *state = get(model->struct_bytes);
        int8_t *row = get(model->n_in);
        memset(state, 0xA5, model->struct_bytes);
        need(model->init(state) == TSNN_OK, "init failed");
        if (job[2] != 0u) {
            take(state, model->state_bytes);
        }
        uint32_t hash = give_state(model, state, 0u);
        for (uint32_t t = 0u; t < job[1]; t++) {
            take(row, model->n_in);
            memset(state + model->state_bytes, 0xA5, model->struct_bytes - model->state_bytes);
            step(model, state, row);
            hash = give_state(model, state, hash);
        }
        free(row);
        free(state);
    }
    return 0;
}
