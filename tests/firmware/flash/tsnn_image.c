/* SPDX-License-Identifier: Apache-2.0 */
/* A model that does nothing but use the flash for saved weights: input k is operation k, whose
 * result is word k of the state. Behind the results lie the first 16 bytes of the flash. */
#include "tsnn_image.h"
#include "tsnn_port.h"

#define TSNN_FLASH_N_IN 8
#define TSNN_IMAGE_MAX_PAYLOAD 256
#define SAMPLE_BYTES 16
#define PATTERN_BYTES 256u

typedef struct {
    int32_t result[TSNN_FLASH_N_IN];
    uint8_t sample[SAMPLE_BYTES];
} tsnn_flash_state_t;

static const uint8_t tsnn_flash_digest[32] = {0xFA};
static tsnn_flash_state_t tsnn_image_state_0;

/** Data of odd alignment, of which bytes and words are all different. */
static uint8_t tsnn_in_pattern(uint32_t at)
{
    return (uint8_t)(at * 37u + 11u);
}

static int32_t tsnn_flash_program_pattern(uint32_t offset, uint32_t count, uint32_t add)
{
    uint8_t data[PATTERN_BYTES + 1u];
    for (uint32_t k = 0; k < PATTERN_BYTES; k++) {
        data[k + 1u] = (uint8_t)(tsnn_in_pattern(k) + add);
    }
    return (int32_t)tsnn_port_flash_program(offset, &data[1], count);
}

static int32_t tsnn_flash_operation(uint32_t number)
{
    const tsnn_port_flash_t *flash = &tsnn_port_flash;
    const uint32_t end = flash->sector_bytes * flash->sectors;
    const uint32_t last = flash->sector_bytes * (flash->sectors - 1u);
    switch (number) {
    case 0:
        return (int32_t)tsnn_port_flash_erase(0);
    case 1:
        return tsnn_flash_program_pattern(0, flash->sector_bytes < PATTERN_BYTES ? 128 : 256, 0);
    case 2: /* the last unit of the area */
        return (int32_t)tsnn_port_flash_erase(flash->sectors - 1u) * 8 +
               tsnn_flash_program_pattern(end - flash->write_bytes, flash->write_bytes, 5);
    case 3: /* beyond it */
        return (int32_t)tsnn_port_flash_erase(flash->sectors);
    case 4:
        return tsnn_flash_program_pattern(end - flash->write_bytes, 2u * flash->write_bytes, 0);
    case 5: /* half a unit */
        return tsnn_flash_program_pattern(last, flash->write_bytes / 2u, 0);
    case 6: /* what is not erased */
        return tsnn_flash_program_pattern(0, flash->write_bytes, 1);
    default:
        return tsnn_flash_program_pattern(0xFFFFFFF0u, 256, 0);
    }
}

static tsnn_status_t tsnn_flash_init(void *memory)
{
    uint8_t *bytes = memory;
    for (uint32_t k = 0; k < sizeof(tsnn_flash_state_t); k++) {
        bytes[k] = 0;
    }
    return TSNN_OK;
}

static tsnn_status_t tsnn_flash_step(void *memory, const tsnn_input_t *in, tsnn_output_t *out)
{
    tsnn_flash_state_t *state = memory;
    const volatile uint8_t *saved = tsnn_port_flash.data;
    for (uint32_t k = 0; k < in->count; k++) {
        state->result[in->index[k]] = tsnn_flash_operation(in->index[k]);
    }
    for (uint32_t k = 0; k < SAMPLE_BYTES; k++) {
        state->sample[k] = saved[k];
    }
    out->count = 0;
    return TSNN_OK;
}

static const tsnn_model_t tsnn_flash_model = {
    .name = "flash",
    .digest = tsnn_flash_digest,
    .n_in = TSNN_FLASH_N_IN,
    .n_out = 1,
    .flags = 0,
    .struct_bytes = sizeof(tsnn_flash_state_t),
    .state_bytes = sizeof(tsnn_flash_state_t),
    .init = tsnn_flash_init,
    .step = tsnn_flash_step,
};

const tsnn_slot_t tsnn_slots[] = {{&tsnn_flash_model, &tsnn_image_state_0, NULL}};
const uint32_t tsnn_slot_count = 1;

uint16_t tsnn_in_index[TSNN_FLASH_N_IN];
int8_t tsnn_in_value[TSNN_FLASH_N_IN];
int16_t tsnn_in_samples[1];
uint16_t tsnn_out_index[1];
int32_t tsnn_out_value[1];
uint8_t tsnn_rx_payload[TSNN_IMAGE_MAX_PAYLOAD];
uint8_t tsnn_tx_payload[TSNN_IMAGE_MAX_PAYLOAD];
const uint32_t tsnn_max_payload = TSNN_IMAGE_MAX_PAYLOAD;
const struct tsnn_hearing *const tsnn_hearing = NULL;
const struct tsnn_learning *const tsnn_learning = NULL;
