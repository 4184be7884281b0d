/* SPDX-License-Identifier: Apache-2.0 */
/* The flash configuration field at 0x400, which the chip reads at reset: a wrong byte here can lock
 * it for ever. K64 Sub-Family Reference Manual, section 29.3.1. */
#include <stdint.h>

extern const uint8_t tsnn_boot_config[16];

__attribute__((section(".boot_config"), used)) const uint8_t tsnn_boot_config[16] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, /* backdoor key: none */
    0xFF, 0xFF, 0xFF, 0xFF,                         /* FPROT: no flash is protected */
    0xFE,                                           /* FSEC: not secured, mass erase allowed */
    0xFF,                                           /* FOPT: as delivered */
    0xFF,                                           /* FEPROT */
    0xFF,                                           /* FDPROT */
};
