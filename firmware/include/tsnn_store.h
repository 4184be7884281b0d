/* SPDX-License-Identifier: Apache-2.0 */
/* What a model has learned, kept in flash (docs/SPEC.md 4.10): two slots that are written in turn,
 * so that a power cut at any time leaves what was there before or what was to be saved. */
#ifndef TSNN_STORE_H_INCLUDED
#define TSNN_STORE_H_INCLUDED

#include "tsnn.h"

/** Largest write_bytes. */
#define TSNN_STORE_UNIT_MAX 256u

/** Flash set aside for what is learned. */
typedef struct {
    const uint8_t *data;   /**< where it can be read, like any memory */
    uint32_t sector_bytes; /**< what one erasure clears */
    uint32_t sectors;      /**< at least 2, of which each slot takes half */
    uint32_t write_bytes;  /**< programming goes by units of this size, a power of two */
    uint8_t erased;        /**< value of an erased byte: 0xFF, or 0 */
    /** Erase one sector; TSNN_OK, or any other status if it cannot be done. */
    tsnn_status_t (*erase)(uint32_t sector);
    /** Program whole units, each of which was erased since it was last programmed. */
    tsnn_status_t (*program)(uint32_t offset, const uint8_t *data, uint32_t count);
} tsnn_store_flash_t;

/** Save what the model has learned; flash that holds it already is not written.
 *
 * @return TSNN_OK; TSNN_ERR_FULL: it does not fit a slot; TSNN_ERR_FLASH: the flash cannot be used,
 * is worn or refuses, and the slot that was saved before is as it was
 */
tsnn_status_t tsnn_store_save(const tsnn_store_flash_t *flash, const tsnn_model_t *model,
                              const void *state);

/** Take what was saved last. Unless the status is TSNN_OK, what is learned stays as it is.
 *
 * @return TSNN_OK; TSNN_ERR_EMPTY: nothing was saved; TSNN_ERR_FOREIGN: only by another model or
 * another version of the runtime; TSNN_ERR_DATA: what was saved is damaged; TSNN_ERR_FLASH: the
 * flash cannot be used
 */
tsnn_status_t tsnn_store_load(const tsnn_store_flash_t *flash, const tsnn_model_t *model,
                              void *state);

#endif /* TSNN_STORE_H_INCLUDED */
