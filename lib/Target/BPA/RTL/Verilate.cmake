# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Run by the build: makes of the hardware one C++ file, V<NAME>.cpp files and their headers
# in FOLDER. Needs VERILATOR, NAME, FOLDER, DEFINES, INCLUDE, SOURCES, ALL.
string(REPLACE "|" ";" SOURCES "${SOURCES}")
file(REMOVE_RECURSE ${FOLDER})
execute_process(
  COMMAND ${VERILATOR} --cc -O3 --x-assign fast --x-initial fast -Wno-fatal -Wno-lint
          --prefix V${NAME} --top-module bpa ${DEFINES} -I${INCLUDE} -Mdir ${FOLDER} ${SOURCES}
  COMMAND_ERROR_IS_FATAL ANY)
file(GLOB files ${FOLDER}/*.cpp)
set(text "")
foreach(file ${files})
  string(APPEND text "#include \"${file}\"\n")
endforeach()
file(WRITE ${ALL} "${text}")
