/* SPDX-License-Identifier: Apache-2.0 */
/* What a board has to provide. All of it; nothing else differs between boards. */
#ifndef TSNN_PORT_H_INCLUDED
#define TSNN_PORT_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

/** Counter kinds, as in SPEC.md 3.3 (`counter`). */
#define TSNN_COUNTER_NONE 0u
#define TSNN_COUNTER_INSTRUCTIONS 1u
#define TSNN_COUNTER_CYCLES 2u
#define TSNN_COUNTER_TIMER 3u

/** Bring up clock, UART and counter. */
void tsnn_port_init(void);
/** Wait for one byte from the host. */
uint8_t tsnn_port_uart_read(void);
/** Send count bytes; returns when the last one has been accepted by the UART. */
void tsnn_port_uart_write(const uint8_t *data, size_t count);
/** Free-running 32-bit counter; its kind is tsnn_port_counter, its rate tsnn_port_clock_hz. */
uint32_t tsnn_port_ticks(void);

/** Flash set aside for weights that were learnt here. */
typedef struct {
    const uint8_t *data;   /**< where it can be read, like any memory */
    uint32_t sector_bytes; /**< what one erasure clears */
    uint32_t sectors;      /**< 0: the board has none */
    uint32_t write_bytes;  /**< programming goes by units of this size, a power of two */
    uint32_t erased;       /**< value of an erased byte: 0xFF, or 0 */
} tsnn_port_flash_t;

/** What became of an operation on the flash. */
typedef enum {
    TSNN_FLASH_OK = 0,
    TSNN_FLASH_BAD_RANGE = -1, /**< beyond the area, or not whole units; nothing was done */
    TSNN_FLASH_FAILED = -2     /**< the flash refused, or does not hold what was written */
} tsnn_flash_status_t;

extern const tsnn_port_flash_t tsnn_port_flash;

/** Erase sector 0 to sectors - 1. May take seconds; bytes from the host may be lost meanwhile. */
tsnn_flash_status_t tsnn_port_flash_erase(uint32_t sector);
/** Program count bytes at an offset from tsnn_port_flash.data, and compare. Both are multiples of
 *  write_bytes. Each unit may be programmed once after its sector was erased. */
tsnn_flash_status_t tsnn_port_flash_program(uint32_t offset, const uint8_t *data, size_t count);

extern const uint8_t tsnn_port_counter;
extern const uint32_t tsnn_port_clock_hz;
extern const char tsnn_port_board[];
extern const char tsnn_port_core[];

#endif /* TSNN_PORT_H_INCLUDED */
