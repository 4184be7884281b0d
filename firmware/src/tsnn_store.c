/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_store.h"

#include <stdbool.h>

#include "tsnn_crc32.h"

#define TSNN_STORE_MAGIC 0x314C5354u /* "TSL1" */
#define TSNN_STORE_DIGEST_BYTES 32u
#define TSNN_STORE_COVERED 48u /* bytes of the header before its checksum */
#define TSNN_STORE_HEADER 64u

/** What stands before the record in a slot. It is programmed last: without it a slot is nothing. */
typedef struct {
    uint32_t magic;
    uint32_t abi;
    uint32_t counter; /**< of saves; the higher one is newer */
    uint32_t bytes;   /**< of the record */
    uint8_t digest[TSNN_STORE_DIGEST_BYTES];
    uint32_t crc; /**< of all before it and of the record */
} tsnn_store_header_t;

TSNN_STATIC_ASSERT(offsetof(tsnn_store_header_t, crc) == TSNN_STORE_COVERED,
                   "the checksum covers all that stands before it");

/** What a slot is good for. */
typedef enum {
    TSNN_SLOT_ERASED,
    TSNN_SLOT_DAMAGED,
    TSNN_SLOT_FOREIGN,
    TSNN_SLOT_GOOD
} tsnn_slot_state_t;

static uint32_t tsnn_store_whole(uint32_t count, uint32_t unit)
{
    return (count + unit - 1u) & ~(unit - 1u);
}

static uint32_t tsnn_store_slot_bytes(const tsnn_store_flash_t *flash)
{
    return (flash->sectors / 2u) * flash->sector_bytes;
}

/** Where the record begins in a slot. */
static uint32_t tsnn_store_record_at(const tsnn_store_flash_t *flash)
{
    return tsnn_store_whole(TSNN_STORE_HEADER, flash->write_bytes);
}

static bool tsnn_store_usable(const tsnn_store_flash_t *flash, const tsnn_model_t *model)
{
    const uint32_t unit = flash->write_bytes;
    return model->learn != NULL && flash->data != NULL && flash->sectors >= 2u && unit != 0u &&
           unit <= TSNN_STORE_UNIT_MAX && (unit & (unit - 1u)) == 0u &&
           (flash->sector_bytes % unit) == 0u &&
           tsnn_store_slot_bytes(flash) > tsnn_store_record_at(flash);
}

static uint32_t tsnn_store_word(const uint8_t *at)
{
    return (uint32_t)at[0] | ((uint32_t)at[1] << 8) | ((uint32_t)at[2] << 16) |
           ((uint32_t)at[3] << 24);
}

/** The header of a slot, as its bytes are; flash need not be aligned. */
static tsnn_store_header_t tsnn_store_header(const uint8_t *slot)
{
    tsnn_store_header_t header;
    header.magic = tsnn_store_word(slot);
    header.abi = tsnn_store_word(&slot[4]);
    header.counter = tsnn_store_word(&slot[8]);
    header.bytes = tsnn_store_word(&slot[12]);
    for (uint32_t k = 0; k < TSNN_STORE_DIGEST_BYTES; k++) {
        header.digest[k] = slot[16u + k];
    }
    header.crc = tsnn_store_word(&slot[TSNN_STORE_COVERED]);
    return header;
}

static bool tsnn_store_is_erased(const tsnn_store_flash_t *flash, const uint8_t *slot)
{
    for (uint32_t k = 0; k < tsnn_store_slot_bytes(flash); k++) {
        if (slot[k] != flash->erased) {
            return false;
        }
    }
    return true;
}

static bool tsnn_store_is_own(const tsnn_store_header_t *header, const tsnn_model_t *model)
{
    uint32_t different = header->abi ^ (uint32_t)TSNN_ABI_VERSION;
    different |= header->bytes ^ model->learn->bytes;
    for (uint32_t k = 0; k < TSNN_STORE_DIGEST_BYTES; k++) {
        different |= (uint32_t)(header->digest[k] ^ model->digest[k]);
    }
    return different == 0u;
}

/** What slot `which` is good for; its header. */
static tsnn_slot_state_t tsnn_store_look(const tsnn_store_flash_t *flash, const tsnn_model_t *model,
                                         uint32_t which, tsnn_store_header_t *header)
{
    const uint8_t *slot = &flash->data[which * tsnn_store_slot_bytes(flash)];
    const uint32_t record_at = tsnn_store_record_at(flash);
    *header = tsnn_store_header(slot);
    if (header->magic != TSNN_STORE_MAGIC ||
        header->bytes > tsnn_store_slot_bytes(flash) - record_at) {
        return tsnn_store_is_erased(flash, slot) ? TSNN_SLOT_ERASED : TSNN_SLOT_DAMAGED;
    }
    uint32_t crc = tsnn_crc32(0, slot, TSNN_STORE_COVERED);
    crc = tsnn_crc32(crc, &slot[record_at], header->bytes);
    if (crc != header->crc) {
        return TSNN_SLOT_DAMAGED;
    }
    return tsnn_store_is_own(header, model) ? TSNN_SLOT_GOOD : TSNN_SLOT_FOREIGN;
}

/** The slot with what was saved last; 2 if neither is good. `best` is the best state of the two. */
static uint32_t tsnn_store_newest(const tsnn_store_flash_t *flash, const tsnn_model_t *model,
                                  tsnn_store_header_t *newest, tsnn_slot_state_t *best)
{
    uint32_t found = 2u;
    *best = TSNN_SLOT_ERASED;
    for (uint32_t which = 0; which < 2u; which++) {
        tsnn_store_header_t header;
        const tsnn_slot_state_t state = tsnn_store_look(flash, model, which, &header);
        if (state > *best) {
            *best = state;
        }
        /* The difference, not the numbers: a counter may have begun again at 0. */
        if (state == TSNN_SLOT_GOOD &&
            (found == 2u || (int32_t)(header.counter - newest->counter) > 0)) {
            found = which;
            *newest = header;
        }
    }
    return found;
}

static bool tsnn_store_same(const uint8_t *a, const uint8_t *b, uint32_t count)
{
    for (uint32_t k = 0; k < count; k++) {
        if (a[k] != b[k]) {
            return false;
        }
    }
    return true;
}

/** Program any number of bytes, the last unit filled up with what erased flash holds; and compare.
 */
static tsnn_status_t tsnn_store_write(const tsnn_store_flash_t *flash, uint32_t offset,
                                      const uint8_t *bytes, uint32_t count)
{
    const uint32_t whole = count & ~(flash->write_bytes - 1u);
    const uint32_t rest = count - whole;
    if (whole > 0u && flash->program(offset, bytes, whole) != TSNN_OK) {
        return TSNN_ERR_FLASH;
    }
    if (rest > 0u) {
        uint8_t last[TSNN_STORE_UNIT_MAX];
        for (uint32_t k = 0; k < flash->write_bytes; k++) {
            last[k] = (k < rest) ? bytes[whole + k] : flash->erased;
        }
        if (flash->program(offset + whole, last, flash->write_bytes) != TSNN_OK) {
            return TSNN_ERR_FLASH;
        }
    }
    return tsnn_store_same(&flash->data[offset], bytes, count) ? TSNN_OK : TSNN_ERR_FLASH;
}

static tsnn_status_t tsnn_store_erase(const tsnn_store_flash_t *flash, uint32_t which)
{
    const uint32_t sectors = flash->sectors / 2u;
    const uint8_t *slot = &flash->data[which * tsnn_store_slot_bytes(flash)];
    /* Even if it reads as erased: an erasure that was cut short may not last. */
    for (uint32_t k = 0; k < sectors; k++) {
        if (flash->erase((which * sectors) + k) != TSNN_OK) {
            return TSNN_ERR_FLASH;
        }
    }
    return tsnn_store_is_erased(flash, slot) ? TSNN_OK : TSNN_ERR_FLASH;
}

/** The header as it will lie in flash. */
static void tsnn_store_put_header(uint8_t *bytes, const tsnn_model_t *model, uint32_t counter,
                                  const uint8_t *record)
{
    const uint32_t words[4] = {TSNN_STORE_MAGIC, TSNN_ABI_VERSION, counter, model->learn->bytes};
    for (uint32_t k = 0; k < 16u; k++) {
        bytes[k] = (uint8_t)((words[k / 4u] >> (8u * (k % 4u))) & 255u);
    }
    for (uint32_t k = 0; k < TSNN_STORE_DIGEST_BYTES; k++) {
        bytes[16u + k] = model->digest[k];
    }
    uint32_t crc = tsnn_crc32(0, bytes, TSNN_STORE_COVERED);
    crc = tsnn_crc32(crc, record, model->learn->bytes);
    for (uint32_t k = 0; k < 4u; k++) {
        bytes[TSNN_STORE_COVERED + k] = (uint8_t)((crc >> (8u * k)) & 255u);
    }
}

tsnn_status_t tsnn_store_save(const tsnn_store_flash_t *flash, const tsnn_model_t *model,
                              const void *state)
{
    uint8_t header[TSNN_STORE_COVERED + 4u];
    tsnn_store_header_t newest = {0};
    tsnn_slot_state_t best;
    if (!tsnn_store_usable(flash, model)) {
        return TSNN_ERR_FLASH;
    }
    const uint8_t *record = (const uint8_t *)state + model->learn->offset;
    const uint32_t record_at = tsnn_store_record_at(flash);
    if (model->learn->bytes > tsnn_store_slot_bytes(flash) - record_at) {
        return TSNN_ERR_FULL;
    }
    const uint32_t kept = tsnn_store_newest(flash, model, &newest, &best);
    if (kept < 2u &&
        tsnn_store_same(&flash->data[(kept * tsnn_store_slot_bytes(flash)) + record_at], record,
                        model->learn->bytes)) {
        return TSNN_OK;
    }
    const uint32_t other = (kept == 0u) ? 1u : 0u;
    const uint32_t slot_at = other * tsnn_store_slot_bytes(flash);
    tsnn_store_put_header(header, model, newest.counter + 1u, record);
    tsnn_status_t status = tsnn_store_erase(flash, other);
    if (status == TSNN_OK) {
        status = tsnn_store_write(flash, slot_at + record_at, record, model->learn->bytes);
    }
    if (status == TSNN_OK) {
        status = tsnn_store_write(flash, slot_at, header, sizeof header);
    }
    return status;
}

tsnn_status_t tsnn_store_load(const tsnn_store_flash_t *flash, const tsnn_model_t *model,
                              void *state)
{
    static const tsnn_status_t reasons[4] = {TSNN_ERR_EMPTY, TSNN_ERR_DATA, TSNN_ERR_FOREIGN,
                                             TSNN_OK};
    tsnn_store_header_t newest = {0};
    tsnn_slot_state_t best;
    if (!tsnn_store_usable(flash, model)) {
        return TSNN_ERR_FLASH;
    }
    const uint32_t kept = tsnn_store_newest(flash, model, &newest, &best);
    if (kept == 2u) {
        return reasons[best];
    }
    const uint8_t *from = &flash->data[kept * tsnn_store_slot_bytes(flash)];
    uint8_t *record = (uint8_t *)state + model->learn->offset;
    from = &from[tsnn_store_record_at(flash)];
    for (uint32_t k = 0; k < model->learn->bytes; k++) {
        record[k] = from[k];
    }
    const tsnn_status_t status = model->learn->check(state);
    if (status != TSNN_OK) {
        (void)model->learn->init(state);
    }
    return status;
}
