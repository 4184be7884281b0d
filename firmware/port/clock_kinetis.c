/* SPDX-License-Identifier: Apache-2.0 */
/* K64F on the FRDM board: a 50 MHz clock from outside through the PLL: core 120, bus 60, flash
 * 24 MHz. The watchdog, which runs after reset, is stopped first. K64 Sub-Family Reference Manual,
 * sections 23.4.2 (watchdog unlock), 25.3 (MCG registers), 25.5 (FEI to PEE), 12.2.16 (dividers).
 */
#include "tsnn_board_port.h"

#define WDOG_STCTRLH TSNN_REGISTER16(0x40052000u)
#define WDOG_STCTRLH_OFF 0x01D2u /* as after reset, but not enabled */
#define WDOG_UNLOCK TSNN_REGISTER16(0x4005200Eu)
#define SIM_CLKDIV1 TSNN_REGISTER(0x40048044u)
#define SIM_CLKDIV1_1_2_3_5 0x01240000u
#define MCG_C1 TSNN_REGISTER8(0x40064000u)
#define MCG_C1_EXTERNAL_BY_1280 0xB0u /* the core from outside; what feeds the FLL by 1280 */
#define MCG_C1_PLL_BY_1280 0x30u
#define MCG_C2 TSNN_REGISTER8(0x40064001u)
#define MCG_C2_EXTERNAL_CLOCK 0x20u /* very high frequency, no crystal */
#define MCG_C5 TSNN_REGISTER8(0x40064004u)
#define MCG_C5_BY_20 19u
#define MCG_C6 TSNN_REGISTER8(0x40064005u)
#define MCG_C6_PLL_TIMES_48 0x58u
#define MCG_S TSNN_REGISTER8(0x40064006u)
#define MCG_S_FLL_INTERNAL 0x10u
#define MCG_S_CLOCK 0x0Cu
#define MCG_S_CLOCK_EXTERNAL 0x08u
#define MCG_S_CLOCK_PLL 0x0Cu
#define MCG_S_PLL_LOCKED 0x60u

#if TSNN_BOARD_CLOCK_HZ != 120000000u
#error "clock_hz of a K64F must be 120 MHz"
#endif

/** Wait for bits of the status, which is a byte. */
static bool tsnn_status_is(uint8_t mask, uint8_t value)
{
    for (uint32_t looks = 0; looks < TSNN_LOOKS; looks++) {
        if ((MCG_S & mask) == value) {
            return true;
        }
    }
    return false;
}

void tsnn_clock_init(void)
{
    WDOG_UNLOCK = 0xC520;
    WDOG_UNLOCK = 0xD928;
    WDOG_STCTRLH = WDOG_STCTRLH_OFF;
    SIM_CLKDIV1 = SIM_CLKDIV1_1_2_3_5;
    MCG_C2 = MCG_C2_EXTERNAL_CLOCK;
    MCG_C1 = MCG_C1_EXTERNAL_BY_1280;
    if (!tsnn_status_is(MCG_S_FLL_INTERNAL | MCG_S_CLOCK, MCG_S_CLOCK_EXTERNAL)) {
        return;
    }
    MCG_C5 = MCG_C5_BY_20;
    MCG_C6 = MCG_C6_PLL_TIMES_48;
    if (tsnn_status_is(MCG_S_PLL_LOCKED, MCG_S_PLL_LOCKED)) {
        MCG_C1 = MCG_C1_PLL_BY_1280;
        (void)tsnn_status_is(MCG_S_CLOCK, MCG_S_CLOCK_PLL);
    }
}
