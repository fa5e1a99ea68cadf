# CMake generated Testfile for 
# Source directory: /work/wt/doors/factory
# Build directory: /work/wt/doors/build/dev/factory
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
