/* SPDX-License-Identifier: Apache-2.0 */
/* nRF51 and nRF52: the core's clock is fixed; the crystal replaces the RC oscillator, which is too
 * coarse for a UART. On the nRF52 the instruction cache is switched on too (that address is unused
 * on the nRF51). nRF52840 Product Specification, chapters "CLOCK" and "NVMC"; nRF51 Series
 * Reference Manual, chapter "CLOCK". */
#include "tsnn_board_port.h"

#define CLOCK_HFCLKSTART 0x40000000u
#define CLOCK_HFCLKSTARTED 0x40000100u
#define NVMC_ICACHECNF 0x4001E540u
#define NVMC_ICACHECNF_ENABLE 1u

#if TSNN_BOARD_CLOCK_HZ != 16000000u && TSNN_BOARD_CLOCK_HZ != 64000000u
#error "clock_hz must be 16 MHz (nRF51) or 64 MHz (nRF52)"
#endif

void tsnn_clock_init(void)
{
    TSNN_REGISTER(CLOCK_HFCLKSTARTED) = 0;
    TSNN_REGISTER(CLOCK_HFCLKSTART) = 1;
    (void)tsnn_wait_for(CLOCK_HFCLKSTARTED, 1, 1);
#if TSNN_BOARD_CLOCK_HZ == 64000000u
    TSNN_REGISTER(NVMC_ICACHECNF) = NVMC_ICACHECNF_ENABLE;
#endif
}
