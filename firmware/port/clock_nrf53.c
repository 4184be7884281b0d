/* SPDX-License-Identifier: Apache-2.0 */
/* nRF5340, application core: the crystal, the divider for 128 MHz, and the cache. nRF5340 Product
 * Specification, chapters "CLOCK" (HFCLKCTRL) and "CACHE". Secure addresses. */
#include "tsnn_board_port.h"

#define CLOCK_HFCLKSTART 0x50005000u
#define CLOCK_HFCLKSTARTED 0x50005100u
#define CLOCK_HFCLKCTRL 0x50005558u
#define CLOCK_HFCLKCTRL_BY_1 0u
#define CACHE_ENABLE 0x50001500u

#if TSNN_BOARD_CLOCK_HZ != 128000000u
#error "clock_hz of an nRF5340 must be 128 MHz"
#endif

void tsnn_clock_init(void)
{
    TSNN_REGISTER(CLOCK_HFCLKSTARTED) = 0;
    TSNN_REGISTER(CLOCK_HFCLKSTART) = 1;
    (void)tsnn_wait_for(CLOCK_HFCLKSTARTED, 1, 1);
    TSNN_REGISTER(CLOCK_HFCLKCTRL) = CLOCK_HFCLKCTRL_BY_1;
    TSNN_REGISTER(CACHE_ENABLE) = 1;
}
