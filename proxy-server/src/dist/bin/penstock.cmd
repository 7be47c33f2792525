@echo off
rem Runs Penstock on Windows: penstock.ps1 finds the Java and its flags.
powershell -NoLogo -NoProfile -ExecutionPolicy Bypass -File "%~dp0penstock.ps1" %*
exit /b %ERRORLEVEL%
