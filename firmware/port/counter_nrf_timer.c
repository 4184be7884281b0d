/* SPDX-License-Identifier: Apache-2.0 */
/* TIMER0 of Nordic's chips, 32 bits at 16 MHz: the nRF51 has neither SysTick nor a cycle counter.
 * nRF51 Series Reference Manual, chapter "TIMER". */
#include "tsnn_board_port.h"

#define TIMER_START TSNN_REGISTER(0x40008000u)
#define TIMER_CAPTURE TSNN_REGISTER(0x40008040u)
#define TIMER_MODE TSNN_REGISTER(0x40008504u)
#define TIMER_BITMODE TSNN_REGISTER(0x40008508u)
#define TIMER_PRESCALER TSNN_REGISTER(0x40008510u)
#define TIMER_CC TSNN_REGISTER(0x40008540u)

#define TIMER_MODE_TIMER 0u
#define TIMER_BITMODE_32 3u
#define TIMER_PRESCALER_16_MHZ 0u

void tsnn_counter_init(void)
{
    TIMER_MODE = TIMER_MODE_TIMER;
    TIMER_BITMODE = TIMER_BITMODE_32;
    TIMER_PRESCALER = TIMER_PRESCALER_16_MHZ;
    TIMER_START = 1;
}

uint32_t tsnn_port_ticks(void)
{
    TIMER_CAPTURE = 1;
    return TIMER_CC;
}
