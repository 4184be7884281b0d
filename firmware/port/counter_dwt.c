/* SPDX-License-Identifier: Apache-2.0 */
/* CYCCNT of the data watchpoint and trace unit: 32 bits. Silicon counts cycles (ARMv6-M cores
 * have none); emulators that put a counter at this address count instructions. */
#include "tsnn_board_port.h"

#define SCB_DEMCR TSNN_REGISTER(0xE000EDFCu)
#define SCB_DEMCR_TRCENA 0x01000000u
#define DWT_CTRL TSNN_REGISTER(0xE0001000u)
#define DWT_CTRL_CYCCNTENA 0x1u
#define DWT_CYCCNT TSNN_REGISTER(0xE0001004u)

void tsnn_counter_init(void)
{
    SCB_DEMCR |= SCB_DEMCR_TRCENA;
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
}

uint32_t tsnn_port_ticks(void)
{
    return DWT_CYCCNT;
}
