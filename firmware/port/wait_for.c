/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_board_port.h"

bool tsnn_wait_for(uint32_t address, uint32_t mask, uint32_t value)
{
    for (uint32_t looks = 0; looks < TSNN_LOOKS; looks++) {
        if ((TSNN_REGISTER(address) & mask) == value) {
            return true;
        }
    }
    return false;
}
