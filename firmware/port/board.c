/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_board_port.h"

/** One read-modify-write that the board's file asks for (clock gates, pins). */
typedef struct {
    uint32_t address; /**< 0 ends the list */
    uint32_t clear;   /**< bits to clear, first */
    uint32_t set;     /**< bits to set */
} tsnn_setup_t;

static const tsnn_setup_t tsnn_board_setup[] = {TSNN_BOARD_SETUP{0, 0, 0}};

const uint8_t tsnn_port_counter = TSNN_BOARD_COUNTER_KIND;
const uint32_t tsnn_port_clock_hz = TSNN_BOARD_COUNTER_HZ;
const char tsnn_port_board[] = TSNN_BOARD_ID;
const char tsnn_port_core[] = TSNN_BOARD_CORE;

void tsnn_port_init(void)
{
    for (const tsnn_setup_t *step = tsnn_board_setup; step->address != 0u; step++) {
        const uint32_t kept = TSNN_REGISTER(step->address) & ~step->clear;
        TSNN_REGISTER(step->address) = kept | step->set;
    }
    tsnn_uart_init();
    tsnn_counter_init();
}
