// What the C# side calls.
#pragma once

#define L2C_API extern "C" __attribute__((visibility("default")))
