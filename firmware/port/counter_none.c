/* SPDX-License-Identifier: Apache-2.0 */
/* A board without a counter: every step takes 0 of nothing (kind 0). */
#include "tsnn_board_port.h"

void tsnn_counter_init(void)
{
}

uint32_t tsnn_port_ticks(void)
{
    return 0;
}
