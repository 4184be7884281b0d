/* SPDX-License-Identifier: Apache-2.0 */
/* nRF9160: the core's clock is fixed at 64 MHz; the crystal replaces the RC oscillator, and the
 * cache is switched on. nRF9160 Product Specification, chapters "CLOCK" and "NVMC". Secure
 * addresses. */
#include "tsnn_board_port.h"

#define CLOCK_HFCLKSTART 0x50005000u
#define CLOCK_HFCLKSTARTED 0x50005100u
#define NVMC_ICACHECNF 0x50039540u
#define NVMC_ICACHECNF_ENABLE 1u

#if TSNN_BOARD_CLOCK_HZ != 64000000u
#error "clock_hz of an nRF9160 must be 64 MHz"
#endif

void tsnn_clock_init(void)
{
    TSNN_REGISTER(CLOCK_HFCLKSTARTED) = 0;
    TSNN_REGISTER(CLOCK_HFCLKSTART) = 1;
    (void)tsnn_wait_for(CLOCK_HFCLKSTARTED, 1, 1);
    TSNN_REGISTER(NVMC_ICACHECNF) = NVMC_ICACHECNF_ENABLE;
}
