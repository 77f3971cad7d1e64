#include "wal/status.h"
