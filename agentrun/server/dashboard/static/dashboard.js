// What every page of the dashboard does by itself; without it the pages can be read all the same.
import { startListening } from "./listen.js";
import { startPlayers } from "./player.js";
import { startRenewing } from "./renew.js";
import { showTimes, startCounting } from "./times.js";

showTimes(document);
startCounting();
startRenewing();
startPlayers();
startListening();
