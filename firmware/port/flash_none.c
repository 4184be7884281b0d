/* SPDX-License-Identifier: Apache-2.0 */
/* A board without flash for saved weights, or a framework whose flash is not ours to use. */
#include "tsnn_port.h"

const tsnn_port_flash_t tsnn_port_flash = {NULL, 0, 0, 1, 0xFF};

tsnn_flash_status_t tsnn_port_flash_erase(uint32_t sector)
{
    (void)sector;
    return TSNN_FLASH_BAD_RANGE;
}

tsnn_flash_status_t tsnn_port_flash_program(uint32_t offset, const uint8_t *data, size_t count)
{
    (void)offset;
    (void)data;
    return (count == 0u) ? TSNN_FLASH_OK : TSNN_FLASH_BAD_RANGE;
}
