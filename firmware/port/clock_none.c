/* SPDX-License-Identifier: Apache-2.0 */
/* The clock stays as it is after reset. */
#include "tsnn_board_port.h"

void tsnn_clock_init(void)
{
}
