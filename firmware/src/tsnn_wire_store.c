/* SPDX-License-Identifier: Apache-2.0 */
/* What is learned in the board's flash (docs/SPEC.md 4.10). */
#include "tsnn_port.h"
#include "tsnn_request.h"
#include "tsnn_store.h"

static tsnn_status_t tsnn_saved_erase(uint32_t sector)
{
    return (tsnn_port_flash_erase(sector) == TSNN_FLASH_OK) ? TSNN_OK : TSNN_ERR_FLASH;
}

static tsnn_status_t tsnn_saved_program(uint32_t offset, const uint8_t *data, uint32_t count)
{
    const tsnn_flash_status_t status = tsnn_port_flash_program(offset, data, count);
    return (status == TSNN_FLASH_OK) ? TSNN_OK : TSNN_ERR_FLASH;
}

static tsnn_store_flash_t tsnn_saved_flash(void)
{
    const tsnn_store_flash_t flash = {
        tsnn_port_flash.data,        tsnn_port_flash.sector_bytes,    tsnn_port_flash.sectors,
        tsnn_port_flash.write_bytes, (uint8_t)tsnn_port_flash.erased, tsnn_saved_erase,
        tsnn_saved_program};
    return flash;
}

tsnn_status_t tsnn_saved_save(const tsnn_slot_t *slot)
{
    const tsnn_store_flash_t flash = tsnn_saved_flash();
    return tsnn_store_save(&flash, slot->model, slot->state);
}

tsnn_status_t tsnn_saved_load(const tsnn_slot_t *slot)
{
    const tsnn_store_flash_t flash = tsnn_saved_flash();
    return tsnn_store_load(&flash, slot->model, slot->state);
}
